/** Mirrors kernels/concat.ts; units are runs. */
export function copyRuns(x: usize, run: i32, outStride: i32, out: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) memory.copy(out + <usize>(i * outStride), x + <usize>(i * run), <usize>run)
}
