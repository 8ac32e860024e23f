/**
 * Copies an array of `shape` with its dimensions in another order: dimension i of the output has extent extents[i] and stride
 * strides[i] in the input. `strides` are those of the input, permuted. Example: [[1, 2, 3], [4, 5, 6]], extents [3, 2], strides [1, 3]: 1 4 2 5 3 6.
 */
export function transposeCodes(
  x: Int8Array,
  extents: readonly number[],
  strides: readonly number[],
  out: Int8Array,
): void {
  const at = new Int32Array(extents.length)
  let from = 0
  const size = extents.reduce((a, b) => a * b, 1)
  for (let to = 0; to < size; to++) {
    out[to] = x[from]
    for (let i = extents.length - 1; i >= 0; i--) {
      from += strides[i]
      if (++at[i] < extents[i]) break
      from -= strides[i] * extents[i]
      at[i] = 0
    }
  }
}
