/** Softmax, its logarithm and the losses. As `SimdExports` says. */
export interface SoftmaxExports {
  crossEntropy(
    logits: number,
    target: number,
    losses: number,
    probabilities: number,
    classes: number,
    inner: number,
    smooth: number,
    sharp: number,
    table: number,
    begin: number,
    end: number,
  ): void
  crossEntropyGrad(
    probabilities: number,
    target: number,
    gradLosses: number,
    gradLogits: number,
    classes: number,
    inner: number,
    wanted: number,
    other: number,
    shared: number,
    divisor: number,
    begin: number,
    end: number,
  ): void
  logSoftmax(x: number, out: number, extent: number, inner: number, table: number, begin: number, end: number): void
  logSoftmaxGrad(
    y: number,
    gradOut: number,
    gradX: number,
    extent: number,
    inner: number,
    table: number,
    begin: number,
    end: number,
  ): void
  meanSquaredError(a: number, b: number, out: number, length: number, begin: number, end: number): void
  meanSquaredErrorGrad(
    a: number,
    b: number,
    gradOut: number,
    gradA: number,
    length: number,
    begin: number,
    end: number,
  ): void
  softmax(x: number, out: number, extent: number, inner: number, table: number, begin: number, end: number): void
  softmaxGrad(
    y: number,
    gradOut: number,
    gradX: number,
    extent: number,
    inner: number,
    begin: number,
    end: number,
  ): void
}
