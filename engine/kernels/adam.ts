/** What a step of Adam multiplies by. Doubles, rounded to float32 by the kernel. */
export interface AdamFactors {
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  /** The learning rate over the first bias correction, lr / (1 - beta1^t). */
  readonly stepSize: number
  /** The square root of the second bias correction, sqrt(1 - beta2^t). */
  readonly correction: number
  /** Weight decay as part of the gradient (Adam); 0 for none. */
  readonly l2: number
  /** Weight decay apart from it (AdamW): the factor 1 - lr * weightDecay on the parameter; 1 for none. */
  readonly keep: number
}

/**
 * One step of Adam (Kingma and Ba, 2015) or AdamW (Loshchilov and Hutter, 2019), in place:
 *
 *     p *= keep;  g' = g + l2 * p
 *     first  = beta1 * first  + (1 - beta1) * g'
 *     second = beta2 * second + ((1 - beta2) * g') * g'
 *     p -= (stepSize * first) / (sqrt(second) / correction + eps)
 *
 * float32 after every step, in PyTorch's order; 1 - beta1 and 1 - beta2 are formed in double.
 */
export function adam(
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  parameter: Float32Array,
  factors: AdamFactors,
): void {
  const beta1 = Math.fround(factors.beta1)
  const beta2 = Math.fround(factors.beta2)
  const intake1 = Math.fround(1 - factors.beta1)
  const intake2 = Math.fround(1 - factors.beta2)
  const eps = Math.fround(factors.eps)
  const stepSize = Math.fround(factors.stepSize)
  const correction = Math.fround(factors.correction)
  const l2 = Math.fround(factors.l2)
  const keep = Math.fround(factors.keep)
  for (let i = 0; i < parameter.length; i++) {
    const p = Math.fround(keep * parameter[i])
    const g = Math.fround(gradient[i] + Math.fround(l2 * p))
    const m = Math.fround(Math.fround(beta1 * first[i]) + Math.fround(intake1 * g))
    const v = Math.fround(Math.fround(beta2 * second[i]) + Math.fround(Math.fround(intake2 * g) * g))
    first[i] = m
    second[i] = v
    const denominator = Math.fround(Math.fround(Math.fround(Math.sqrt(v)) / correction) + eps)
    parameter[i] = p - Math.fround(Math.fround(stepSize * m) / denominator)
  }
}
