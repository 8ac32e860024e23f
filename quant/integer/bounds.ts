import { NumericError } from '../../engine/base/errors.ts'
import { biasStarts, weightCodes } from './constants.ts'
import type { ConvStep, GemmStep, ProgramConstants, ProgramValue } from './program.ts'
import { channelsOf, type Requantiser, realMultiplier } from './requantise/requantiser.ts'

/** The largest magnitude that every int32 accumulator may reach. */
export const ACCUMULATOR_LIMIT = 2147483647

/** The largest |q - z| of a value's codes. Example: uint8, z = 3: 252. */
export function largestOffset({ qmin, qmax, zeroPoint }: ProgramValue): number {
  return Math.max(qmax - zeroPoint, zeroPoint - qmin)
}

/** For each output channel the bound |bias| + sum |w| * max |x - z|, which no partial sum can exceed either. Example: bias 128, w = 127, uint8, z = 3: 128 + 127 * 252. */
export function accumulatorBounds(
  step: ConvStep | GemmStep,
  input: ProgramValue,
  constants: ProgramConstants,
): Float64Array {
  const codes = weightCodes(step.weight, constants)
  const channels = step.weight.shape[0]
  const starts = biasStarts(step.bias, channels, constants)
  const taps = codes.length / channels
  // Pairs that saturate are sums of raw codes; the zero point's part is taken off afterwards.
  const reach = step.pairSaturation === undefined ? largestOffset(input) : input.qmax + input.zeroPoint
  const bounds = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let k = 0; k < taps; k++) sum += Math.abs(codes[c * taps + k])
    bounds[c] = Math.abs(starts[c]) + sum * reach
  }
  return bounds
}

/**
 * Throws `NumericError`, with step, channel, bound and limit, where an int32 accumulator could overflow or leave the range
 * in which the requantiser is exact: Q31 results must fit an int32, as must the left-shifted input of 'q31-double' and
 * 'q31-vector'; all must be finite.
 */
export function checkBounds(step: string, bounds: ArrayLike<number>, requantiser: Requantiser): void {
  const entries = channelsOf(requantiser)
  for (let c = 0; c < bounds.length; c++) {
    const refuse = (what: string, value: number): never => {
      throw new NumericError(
        `lowering: step '${step}', channel ${c}: ${what} may reach ${value}, the limit is ${ACCUMULATOR_LIMIT}; fewer inputs, smaller weights or a coarser output scale would fit`,
      )
    }
    if (bounds[c] > ACCUMULATOR_LIMIT) refuse('the accumulator', bounds[c])
    const entry = entries === 1 ? 0 : c
    const result = bounds[c] * realMultiplier(requantiser, c)
    const isTooLarge = requantiser.kind === 'q31-single' && result > ACCUMULATOR_LIMIT
    if (isTooLarge || !Number.isFinite(result)) refuse('the rescaled sum', result)
    if (requantiser.kind === 'q31-double' || requantiser.kind === 'q31-vector') {
      const left = bounds[c] * 2 ** Math.max(requantiser.shift[entry], 0)
      if (left > ACCUMULATOR_LIMIT) refuse('the left-shifted sum', left)
    }
  }
}
