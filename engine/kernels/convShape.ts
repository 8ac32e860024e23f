/** The integers that a two-dimensional convolution of x with a weight [outChannels, channels / groups, kh, kw] runs on. */
export interface ConvShape {
  readonly batch: number
  readonly groups: number
  /** Of x: [batch, channels, height, width]. */
  readonly channels: number
  readonly height: number
  readonly width: number
  /** Of the output: [batch, outChannels, outHeight, outWidth]. The padding below and to the right follows from it. */
  readonly outChannels: number
  readonly outHeight: number
  readonly outWidth: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly padTop: number
  readonly padLeft: number
}

/** The [height, width] of the padded picture that the windows of `shape` reach: from the first tap to the last. */
export function paddedExtents(shape: ConvShape): [height: number, width: number] {
  return [
    (shape.outHeight - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1,
    (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1,
  ]
}

/**
 * Copies `planes` pictures [height, width] of `x` from `offset` on into pictures [outHeight, outWidth] of `out`, `top`
 * rows down and `left` columns to the right; what does not fit is left away. The border of `out` is not written: it
 * stays at the zeros of a fresh array.
 */
export function copyPadded(
  x: Float32Array,
  offset: number,
  planes: number,
  height: number,
  width: number,
  top: number,
  left: number,
  out: Float32Array,
  outHeight: number,
  outWidth: number,
): void {
  const rows = Math.min(height, outHeight - top)
  const columns = Math.min(width, outWidth - left)
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < rows; y++) {
      const from = offset + (plane * height + y) * width
      const to = (plane * outHeight + top + y) * outWidth + left
      for (let i = 0; i < columns; i++) out[to + i] = x[from + i]
    }
  }
}
