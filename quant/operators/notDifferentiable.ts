import { UnsupportedError } from '../../engine/base/errors.ts'

/**
 * The `backward` of an operator on codes, which always throws `UnsupportedError`: rounding has gradient 0 wherever it has
 * one. It is only asked where the result is float32; a result of codes carries no gradient, like any integer tensor.
 * Example: notDifferentiable('DequantizeLinear').
 */
export function notDifferentiable(operation: string): () => never {
  return () => {
    throw new UnsupportedError(
      `${operation}: no gradient flows through it; train with fakeQuantise, or run it inside noGrad`,
    )
  }
}
