/** The integers that a pooling kernel runs on. Windows are taken in row-major order, as are the taps of a window. */
export interface PoolShape {
  /** N * C: the number of pictures. */
  readonly planes: number
  readonly height: number
  readonly width: number
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
  readonly padBottom: number
  readonly padRight: number
}
