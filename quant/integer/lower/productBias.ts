import { roundingOf } from '../../../engine/base/rounding.ts'
import type { BiasConstant } from '../program.ts'
import type { StepContext } from './context.ts'

/**
 * Real biases as codes of scale s_in * s_w[c] (see `productScale`), rounded as the back end rounds biases; keeps them
 * as constant `name`. Codes of `bits` less than 32 saturate. Example: bias 1, scale 1/128: code 128; bias 1, scale
 * 2^-20, 20 bits: 2^19 - 1.
 */
export function productBias(
  name: string,
  bias: Float32Array,
  scale: readonly number[],
  { backend, constants }: StepContext,
  bits = 32,
): BiasConstant {
  const round = roundingOf(backend.rounding.bias)
  const [least, most] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
  constants.set(
    name,
    Int32Array.from(bias, (b, c) => {
      const code = round(b / scale[scale.length === 1 ? 0 : c])
      return bits === 32 ? code : Math.min(Math.max(code, least), most)
    }),
  )
  return { constant: name, bits, shift: 0, scale }
}
