/**
 * The functions of the WebAssembly module, as assembly/index.ts exports them: pointers, sizes and constants, then the
 * range [begin, end) of units of work.
 */
export interface AffineExports {
  fakeQuantise(
    x: number,
    scale: number,
    zeroPoint: number,
    out: number,
    channels: number,
    inner: number,
    qmin: number,
    qmax: number,
    lambda: number,
    rounding: number,
    reciprocal: number,
    begin: number,
    end: number,
  ): void
  fakeQuantiseGrad(
    x: number,
    scale: number,
    zeroPoint: number,
    gradOut: number,
    gradX: number,
    channels: number,
    inner: number,
    qmin: number,
    qmax: number,
    outside: number,
    rounding: number,
    reciprocal: number,
    begin: number,
    end: number,
  ): void
}
