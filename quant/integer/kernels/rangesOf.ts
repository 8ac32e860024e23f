/**
 * ranges[2 n] = min(0, least), ranges[2 n + 1] = max(0, greatest) of the `size` numbers of image n; NaN where there is one.
 * Example: one image [-1, 3, 2]: [-1, 3].
 */
export function rangesOf(x: Float32Array, images: number, size: number, ranges: Float32Array): void {
  for (let n = 0; n < images; n++) {
    let lo = 0
    let hi = 0
    for (let i = n * size; i < (n + 1) * size; i++) {
      lo = Math.min(lo, x[i])
      hi = Math.max(hi, x[i])
    }
    ranges[2 * n] = lo
    ranges[2 * n + 1] = hi
  }
}
