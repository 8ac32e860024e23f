/** As much as the machine can: a loop of multiplications and additions in registers. It has no result to compare. */
export function peak(ours) {
  const loop = ours.peakLoop()
  if (loop === null) throw new Error('simd-peak: there is no WebAssembly SIMD here')
  const iterations = 1e6
  const candidate = { run: () => void loop(iterations), amount: (loop(1) * iterations) / 1e9, first: 0 }
  return { network: () => candidate }
}
