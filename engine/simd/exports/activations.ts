/** Piecewise linear activation functions and their gradients. As `SimdExports` says. */
export interface ActivationExports {
  abs(x: number, out: number, begin: number, end: number): void
  absGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  clip(x: number, out: number, low: number, high: number, begin: number, end: number): void
  clipGrad(x: number, gradOut: number, gradX: number, low: number, high: number, begin: number, end: number): void
  hardSigmoid(x: number, out: number, alpha: number, beta: number, begin: number, end: number): void
  hardSigmoidGrad(
    x: number,
    gradOut: number,
    gradX: number,
    alpha: number,
    beta: number,
    begin: number,
    end: number,
  ): void
  hardSwish(x: number, out: number, begin: number, end: number): void
  hardSwishGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
  leakyRelu(x: number, out: number, slope: number, begin: number, end: number): void
  leakyReluGrad(x: number, gradOut: number, gradX: number, slope: number, begin: number, end: number): void
  relu(x: number, out: number, begin: number, end: number): void
  reluGrad(x: number, gradOut: number, gradX: number, begin: number, end: number): void
}
