/**
 * Copies one input of a concatenation: `outer` runs of `run` codes, the i-th to out[outStart + i * outStride].
 * Example: run 2, outStride 5, outStart 3: [1, 2, 3, 4] goes to positions 3, 4, 8, 9.
 */
export function copyRuns(
  x: Int8Array,
  outer: number,
  run: number,
  outStart: number,
  outStride: number,
  out: Int8Array,
): void {
  let from = 0
  for (let i = 0; i < outer; i++) {
    const to = outStart + i * outStride
    for (let j = 0; j < run; j++) out[to + j] = x[from + j]
    from += run
  }
}
