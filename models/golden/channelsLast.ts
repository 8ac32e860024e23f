/** NCHW and NHWC: the same elements in another order. */

/** NHWC order of elements in NCHW order; `dims` are [N, C, H, W]. Example: [1, 2, 1, 2]: 1 2 3 4 becomes 1 3 2 4. */
export function toChannelsLast(x: Int32Array, [n, c, h, w]: readonly number[]): Int32Array {
  return moved(x, n, c, h * w)
}

/** NCHW order of elements in NHWC order; `dims` are [N, C, H, W]. Example: [1, 2, 1, 2]: 1 3 2 4 becomes 1 2 3 4. */
export function fromChannelsLast(x: Int32Array, [n, c, h, w]: readonly number[]): Int32Array {
  return moved(x, n, h * w, c)
}

/** Each of `n` matrices of `rows` rows, transposed. */
function moved(x: Int32Array, n: number, rows: number, columns: number): Int32Array {
  const out = new Int32Array(x.length)
  for (let i = 0; i < n; i++) {
    const start = i * rows * columns
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < columns; k++) out[start + k * rows + r] = x[start + r * columns + k]
    }
  }
  return out
}
