/** Sums and maxima over an axis. As `SimdExports` says. */
export interface ReductionExports {
  channelSum(x: number, out: number, n: number, c: number, p: number, begin: number, end: number): void
  globalAveragePool(x: number, out: number, area: number, begin: number, end: number): void
  globalAveragePoolGrad(gradOut: number, gradX: number, area: number, begin: number, end: number): void
  reduceMax(x: number, out: number, indices: number, extent: number, inner: number, begin: number, end: number): void
  reduceMaxGrad(
    gradOut: number,
    indices: number,
    gradX: number,
    extent: number,
    inner: number,
    begin: number,
    end: number,
  ): void
  reduceSum(x: number, out: number, extent: number, inner: number, begin: number, end: number): void
  reduceSumGrad(gradOut: number, gradX: number, extent: number, inner: number, begin: number, end: number): void
}
