/** Element-wise arithmetic, with and without broadcasting. As `SimdExports` says. */
export interface ArithmeticExports {
  add(a: number, b: number, out: number, begin: number, end: number): void
  addBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  divBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  divideBy(x: number, out: number, divisor: number, begin: number, end: number): void
  mulBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
  subBroadcast(a: number, b: number, out: number, layout: number, begin: number, end: number): void
}
