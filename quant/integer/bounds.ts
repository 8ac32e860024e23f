import { NumericError } from '../../engine/base/errors.ts'
import { biasStarts, centredWeights } from './constants.ts'
import type { ConvStep, GemmStep, ProgramConstants, ProgramValue } from './program.ts'
import { channelsOf, type Requantiser, realMultiplier } from './requantise/requantiser.ts'

/** The largest magnitude that every int32 accumulator may reach. */
export const ACCUMULATOR_LIMIT = 2147483647

/** The same for layers of 16-bit codes, whose sums are integers in doubles. */
export const WIDE_LIMIT = 2 ** 53 - 1

/** Whether codes need more than 8 bits. Example: 0 ... 65535 do. */
export function isWide({ qmin, qmax }: Pick<ProgramValue, 'qmin' | 'qmax'>): boolean {
  return qmax - qmin > 255
}

/** Whether a layer has 16-bit codes anywhere: its sums are then taken in doubles. */
export function isWideLayer({ weight }: ConvStep | GemmStep, input: ProgramValue, output: ProgramValue): boolean {
  return weight.bits === 16 || isWide(input) || isWide(output)
}

/** The codes of a value. */
type CodeLimits = Pick<ProgramValue, 'qmin' | 'qmax' | 'zeroPoint'>

/** The largest |q - z| of a value's codes. Example: uint8, z = 3: 252. */
export function largestOffset({ qmin, qmax, zeroPoint }: CodeLimits): number {
  return Math.max(qmax - zeroPoint, zeroPoint - qmin)
}

/** For each output channel the bound |bias| + sum |w| * max |x - z|, which no partial sum can exceed either. Example: bias 128, w = 127, uint8, z = 3: 128 + 127 * 252. */
export function accumulatorBounds(
  step: Pick<ConvStep | GemmStep, 'weight' | 'bias' | 'pairSaturation'>,
  input: CodeLimits,
  constants: ProgramConstants,
): Float64Array {
  const codes = centredWeights(step.weight, constants)
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
 * 'q31-vector'; all must be finite. `accumulatorLimit` is 2^53 - 1 for wide layers.
 */
export function checkBounds(
  step: string,
  bounds: ArrayLike<number>,
  requantiser: Requantiser,
  accumulatorLimit = ACCUMULATOR_LIMIT,
): void {
  const entries = channelsOf(requantiser)
  for (let c = 0; c < bounds.length; c++) {
    const refuse = (what: string, value: number, limit = ACCUMULATOR_LIMIT): never => {
      throw new NumericError(
        `lowering: step '${step}', channel ${c}: ${what} may reach ${value}, the limit is ${limit}; fewer inputs, smaller weights or a coarser output scale would fit`,
      )
    }
    if (bounds[c] > accumulatorLimit) refuse('the accumulator', bounds[c], accumulatorLimit)
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

/** Throws `NumericError` where the sums of a layer might not be exact in doubles. */
export function checkExact(step: string, bounds: ArrayLike<number>): void {
  for (let c = 0; c < bounds.length; c++) {
    if (bounds[c] <= WIDE_LIMIT) continue
    throw new NumericError(
      `lowering: step '${step}', channel ${c}: sums may reach ${bounds[c]}, the limit is ${WIDE_LIMIT}`,
    )
  }
}
