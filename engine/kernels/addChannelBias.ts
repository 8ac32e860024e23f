/** out[n, c, p] = x[n, c, p] + bias[c], one rounding each; x is [batch, channels, plane]. `out` may be `x`. */
export function addChannelBias(
  x: Float32Array,
  bias: Float32Array,
  batch: number,
  channels: number,
  plane: number,
  out: Float32Array,
): void {
  let i = 0
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const b = bias[c]
      for (let end = i + plane; i < end; i++) out[i] = x[i] + b
    }
  }
}
