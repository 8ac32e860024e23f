/**
 * Weight codes as int16 pairs in the order in which `convolve` and `gemm` read them: for each group tiles of four channels
 * interleaved ([pairs][4][2]), then the channels left over one by one ([pairs][2]). `tapOf[2 k]` and `tapOf[2 k + 1]` are the taps
 * of pair k; -1 is a tap that does not exist, weight 0. Channel c starts at element 2 * c * pairs in either order.
 * Example: one channel of three taps [7, 8, 9], tapOf [0, 1, 2, -1]: [7, 8, 9, 0].
 */
export function packWeights(
  codes: Int8Array | Int16Array,
  groups: number,
  channels: number,
  tapOf: ArrayLike<number>,
): Int16Array {
  const pairs = tapOf.length / 2
  const taps = codes.length / (groups * channels)
  const fours = channels - (channels % 4)
  const packed = new Int16Array(groups * channels * pairs * 2)
  for (let c = 0; c < groups * channels; c++) {
    const inGroup = c % channels
    const isFour = inGroup < fours
    const lane = isFour ? inGroup % 4 : 0
    const start = 2 * ((c - lane) * pairs + lane)
    const step = isFour ? 8 : 2
    for (let i = 0; i < tapOf.length; i++) {
      packed[start + (i >> 1) * step + (i & 1)] = tapOf[i] < 0 ? 0 : codes[c * taps + tapOf[i]]
    }
  }
  return packed
}
