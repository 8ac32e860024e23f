/** Weight codes in the order in which `dot4` and `dot1` read them. */
export interface PackedWeights {
  readonly data: Int32Array
  /** Channels of a group that `dot4` takes; the rest goes to `dot1`. A multiple of 4. */
  readonly quads: number
}

/**
 * From [groups * channels, taps] to, for each group, tiles of four channels interleaved ([taps][4]), then the remaining
 * channels one after the other. Channel c of group g starts at (g * channels + c) * taps in either order.
 * Example: five channels of one tap: quads 4, and the data stay in order.
 */
export function packWeights(codes: Int8Array, groups: number, channels: number, taps: number): PackedWeights {
  const data = new Int32Array(codes.length)
  const quads = channels - (channels % 4)
  for (let c = 0; c < groups * channels; c++) {
    const inGroup = c % channels
    const lane = inGroup % 4
    for (let k = 0; k < taps; k++) {
      data[inGroup < quads ? (c - lane) * taps + 4 * k + lane : c * taps + k] = codes[c * taps + k]
    }
  }
  return { data, quads }
}
