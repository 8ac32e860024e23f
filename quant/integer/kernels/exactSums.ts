/** A layer whose sums are taken in doubles. A matrix product is a convolution of one pixel. */
export interface ExactPlan {
  readonly channels: number
  readonly h: number
  readonly w: number
  readonly groups: number
  readonly outChannels: number
  readonly outH: number
  readonly outW: number
  readonly kernelH: number
  readonly kernelW: number
  readonly strideH: number
  readonly strideW: number
  readonly dilationH: number
  readonly dilationW: number
  readonly top: number
  readonly left: number
  /** [outChannels, channels / groups, kernelH, kernelW], less their zero point. */
  readonly weights: Int8Array | Int16Array
}

/**
 * sums[ox] = sum over the in-image taps of (x - zeroPoint) * w, one row `oy` of output channel `m` of the image at `xStart`; exact, since
 * lowering has proved that no sum leaves the integers of a double. Example: codes [3, 5], zero point 3, weights [10, 1]: 2.
 */
export function exactSums(
  x: Int8Array | Int16Array,
  xStart: number,
  plan: ExactPlan,
  zeroPoint: number,
  m: number,
  oy: number,
  sums: Float64Array,
): void {
  const { channels, h, w, groups, outChannels, outW, kernelH, kernelW, weights } = plan
  const { strideH, strideW, dilationH, dilationW, top, left } = plan
  const groupChannels = channels / groups
  const firstChannel = Math.floor(m / (outChannels / groups)) * groupChannels
  sums.fill(0, 0, outW)
  let tap = m * groupChannels * kernelH * kernelW
  for (let c = firstChannel; c < firstChannel + groupChannels; c++) {
    for (let ky = 0; ky < kernelH; ky++) {
      const y = oy * strideH - top + ky * dilationH
      for (let kx = 0; kx < kernelW; kx++, tap++) {
        const weight = weights[tap]
        if (y < 0 || y >= h || weight === 0) continue
        const row = xStart + (c * h + y) * w
        let column = kx * dilationW - left
        for (let ox = 0; ox < outW; ox++, column += strideW) {
          if (column >= 0 && column < w) sums[ox] += weight * (x[row + column] - zeroPoint)
        }
      }
    }
  }
}
