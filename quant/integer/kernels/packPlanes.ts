/** Where the codes of an image go for a convolution; see `packPlanes`. */
export interface PackGeometry {
  readonly channels: number
  readonly h: number
  readonly w: number
  readonly zeroPoint: number
  readonly groups: number
  /** Pair planes of a group. */
  readonly planes: number
  /** How many channels further the next pair plane begins: 2 where pairs are channels, 1 where they are columns. */
  readonly channelStep: number
  /** How many columns lie between the codes of a pair; 0 where they are of two channels. */
  readonly columnStep: number
  readonly top: number
  readonly left: number
  readonly strideH: number
  readonly strideW: number
  readonly phasesH: number
  readonly phasesW: number
  /** Rows of a phase. */
  readonly phaseH: number
  /** Pairs of a row. */
  readonly pitch: number
}

/**
 * Codes minus their zero point as int16 in pairs, the operand of `convolve`: two channels, or two columns of one channel, side
 * by side, inside a border of zeros. Rows and columns are dealt out by their remainder modulo the stride (phases), so that
 * neighbouring outputs read neighbouring pairs whatever the stride:
 *
 *     packed[image][plane][py][px][r][i] = (first, second) at row r * strideH + py - top, column i * strideW + px - left
 *
 * second: the next channel, 0 behind the group's last; or `columnStep` columns to the right. Outside the image: 0.
 * Example: one row of two channels [3, 5] and [4, 8], zero point 3, one column of border: (0,0) (0,1) (2,5) (0,0).
 */
export function packPlanes(x: Int8Array, images: number, geometry: PackGeometry, packed: Int16Array): void {
  const { channels, h, w, zeroPoint, groups, planes, channelStep, columnStep, top, left } = geometry
  const { strideH, strideW, phasesH, phasesW, phaseH, pitch } = geometry
  const groupChannels = channels / groups
  let to = 0
  for (let unit = 0; unit < images * groups * planes; unit++) {
    const plane = unit % (groups * planes)
    const inGroup = (plane % planes) * channelStep
    const channel = Math.floor(plane / planes) * groupChannels + inGroup
    const hasSecond = columnStep > 0 || inGroup + 1 < groupChannels
    const first = (Math.floor(unit / (groups * planes)) * channels + channel) * h * w
    const second = columnStep > 0 ? first + columnStep : first + h * w
    for (let py = 0; py < phasesH; py++) {
      for (let px = 0; px < phasesW; px++) {
        for (let r = 0; r < phaseH; r++) {
          const y = r * strideH + py - top
          const isInside = y >= 0 && y < h
          for (let i = 0; i < pitch; i++, to += 2) {
            const column = i * strideW + px - left
            const next = column + columnStep
            packed[to] = isInside && column >= 0 && column < w ? x[first + y * w + column] - zeroPoint : 0
            packed[to + 1] = isInside && hasSecond && next >= 0 && next < w ? x[second + y * w + column] - zeroPoint : 0
          }
        }
      }
    }
  }
}
