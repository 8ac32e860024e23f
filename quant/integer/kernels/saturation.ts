/** The pairs of products of a layer that can leave int16, by channel; see `pairSaturation` of a layer step. */
export interface PairSaturation {
  /** The first entry of each channel, and how many there are in all. */
  readonly starts: Int32Array
  /**
   * Five numbers an entry: for either product, which pair of the operand holds its code, and the two weights of that pair, of
   * which one is 0 (the second times 2^16, plus the first as uint16); last the zero point times the sum of the weights.
   */
  readonly entries: Int32Array
}

/** How many numbers an entry has. */
const ENTRY = 5

/**
 * What saturation adds to the exact sum of one output: sum over the channel's entries of sat16(v) - v, where v is the sum of two
 * products of raw codes, taken from codes less their zero point (padding, 0, is then the zero point). Pairs that no entry names
 * cannot saturate. The operand's pair i is at from + i * step.
 * Example: zero point 3, codes 255, 255 less 3, weights 127, 127: v = 252 * 127 * 2 + 3 * 254 = 64770, so 32767 - 64770.
 */
export function saturationOf(
  packed: Int16Array,
  from: number,
  step: number,
  { starts, entries }: PairSaturation,
  channel: number,
): number {
  let sum = 0
  for (let e = ENTRY * starts[channel]; e < ENTRY * starts[channel + 1]; e += ENTRY) {
    const a = from + entries[e] * step
    const b = from + entries[e + 2] * step
    const first = packed[a] * ((entries[e + 1] << 16) >> 16) + packed[a + 1] * (entries[e + 1] >> 16)
    const second = packed[b] * ((entries[e + 3] << 16) >> 16) + packed[b + 1] * (entries[e + 3] >> 16)
    const v = first + second + entries[e + 4]
    sum += Math.min(Math.max(v, -32768), 32767) - v
  }
  return sum
}
