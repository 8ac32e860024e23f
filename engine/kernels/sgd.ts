/**
 * One step of gradient descent, in place: p -= lr * (g + weightDecay * p). The numbers are rounded to float32 first and
 * every step of the formula after; PyTorch's order.
 */
export function sgd(gradient: Float32Array, parameter: Float32Array, lr: number, weightDecay: number): void {
  const rate = Math.fround(lr)
  const decay = Math.fround(weightDecay)
  for (let i = 0; i < parameter.length; i++) {
    const d = Math.fround(gradient[i] + Math.fround(decay * parameter[i]))
    parameter[i] = parameter[i] - Math.fround(rate * d)
  }
}

/** What a step with momentum multiplies by. */
export interface MomentumFactors {
  readonly lr: number
  readonly weightDecay: number
  readonly momentum: number
  /** 1 - dampening: the factor of the gradient on its way into the buffer. */
  readonly intake: number
  readonly nesterov: boolean
}

/**
 * One step of gradient descent with momentum, in place. With d = g + weightDecay * p:
 *
 *     buffer = momentum * buffer + intake * d
 *     p     -= lr * (nesterov ? d + momentum * buffer : buffer)
 *
 * The factors are rounded to float32 first and every step of the formulas after; PyTorch's order.
 */
export function sgdMomentum(
  gradient: Float32Array,
  buffer: Float32Array,
  parameter: Float32Array,
  factors: MomentumFactors,
): void {
  const rate = Math.fround(factors.lr)
  const decay = Math.fround(factors.weightDecay)
  const momentum = Math.fround(factors.momentum)
  const intake = Math.fround(factors.intake)
  const { nesterov } = factors
  for (let i = 0; i < parameter.length; i++) {
    const d = Math.fround(gradient[i] + Math.fround(decay * parameter[i]))
    const b = Math.fround(Math.fround(momentum * buffer[i]) + Math.fround(intake * d))
    buffer[i] = b
    const direction = nesterov ? Math.fround(d + Math.fround(momentum * b)) : b
    parameter[i] = parameter[i] - Math.fround(rate * direction)
  }
}
