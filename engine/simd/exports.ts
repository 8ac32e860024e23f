/**
 * The functions of the WebAssembly module, as assembly/index.ts exports them: pointers, sizes and constants, then the
 * range [begin, end) of units of work.
 */
export interface SimdExports {
  add(a: number, b: number, out: number, begin: number, end: number): void
  relu(x: number, out: number, begin: number, end: number): void
  reluGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
}
