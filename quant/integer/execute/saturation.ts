import type { PairSaturation } from '../kernels/saturation.ts'
import type { GemmStep } from '../program.ts'
import type { StoredValue } from '../storage.ts'
import { require } from './runner.ts'

/**
 * The pairs of products that can saturate: neighbours along k, which runs over channels fastest, then columns, then rows of the
 * window, and of which some codes of the input make a sum beyond int16. null where none can, or the step has no saturation.
 * `tapOf` and `offsets` say where the operand has each tap: pair i, at offsets[i], holds taps tapOf[2 i] and tapOf[2 i + 1].
 * Throws `FormatError` for signed codes and for weights with a zero point.
 * Example: codes 0 ... 255: weights 100 and 28 cannot (32640), 100 and 29 can (32895), 127 and -127 cannot.
 */
export function findSaturation(
  { name, weight, pairSaturation }: Pick<GemmStep, 'name' | 'weight' | 'pairSaturation'>,
  codes: Int8Array | Int16Array,
  { qmin, qmax, offset, zeroPoint }: StoredValue,
  tapOf: readonly number[],
  offsets: readonly number[],
): PairSaturation | null {
  if (pairSaturation === undefined) return null
  require(offset === 128, name, 'unsigned input codes where pairs saturate')
  require(codes instanceof Int8Array, name, 'weights without a zero point where pairs saturate')
  const [channels, groupChannels, kernelH = 1, kernelW = 1] = weight.shape
  const taps = groupChannels * kernelH * kernelW
  const order = Array.from({ length: taps }, (_, k) => {
    const c = k % groupChannels
    return (k - c) / groupChannels + c * kernelH * kernelW
  })
  const places = new Int32Array(taps)
  for (let i = 0; i < tapOf.length; i++) if (tapOf[i] >= 0) places[tapOf[i]] = i
  const [low, high] = [qmin + offset, qmax + offset]
  const starts = new Int32Array(channels + 1)
  const entries: number[] = []
  for (let m = 0; m < channels; m++) {
    for (let k = 0; k + 1 < taps; k += 2) {
      const [a, b] = [codes[m * taps + order[k]], codes[m * taps + order[k + 1]]]
      const most = Math.max(a * low, a * high) + Math.max(b * low, b * high)
      const least = Math.min(a * low, a * high) + Math.min(b * low, b * high)
      if (most <= 32767 && least >= -32768) continue
      const [i, j] = [places[order[k]], places[order[k + 1]]]
      entries.push(offsets[i >> 1], beside(a, i), offsets[j >> 1], beside(b, j), (zeroPoint + offset) * (a + b))
      starts[m + 1]++
    }
    starts[m + 1] += starts[m]
  }
  return entries.length === 0 ? null : { starts, entries: Int32Array.from(entries) }
}

/** A pair of weights, one of which is 0: the tap's place is the second of a pair where it is odd. */
function beside(weight: number, place: number): number {
  return place % 2 === 0 ? weight & 0xffff : weight << 16
}
