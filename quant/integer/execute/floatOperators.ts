import type { Shape } from '../../../engine/base/shape.ts'

/** Real numbers with a shape, batch first. */
interface RealTensor {
  readonly shape: Shape
  readonly data: Float32Array
}

/**
 * What computes the 'float' steps of a program: an operator by its ONNX name, its operands (null where an optional one is absent), its
 * attributes; the result in f32, which the session reads before it calls again. A session does not bring one along, since most programs need none: quant/floatOperators.ts has the engine's.
 */
export type FloatOperators = (
  operator: string,
  operands: readonly (RealTensor | null)[],
  attributes: Readonly<Record<string, number | string | readonly number[]>>,
) => RealTensor
