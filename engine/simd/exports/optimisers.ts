/** Steps of the optimisers. As `SimdExports` says. */
export interface OptimiserExports {
  adam(
    gradient: number,
    first: number,
    second: number,
    parameter: number,
    beta1: number,
    beta2: number,
    intake1: number,
    intake2: number,
    eps: number,
    stepSize: number,
    correction: number,
    l2: number,
    keep: number,
    begin: number,
    end: number,
  ): void
  sgd(gradient: number, parameter: number, rate: number, decay: number, begin: number, end: number): void
  sgdMomentum(
    gradient: number,
    buffer: number,
    parameter: number,
    rate: number,
    decay: number,
    momentum: number,
    intake: number,
    nesterov: number,
    begin: number,
    end: number,
  ): void
}
