/** Eight codes of consecutive columns, or (stride 2) of every other one, as int16. */
function eightCodes(x: usize, strideW: i32): v128 {
  if (strideW === 1) return v128.load8x8_s(x)
  return i16x8.shr_s(i16x8.shl(v128.load(x), 8), 8)
}

/** Mirrors kernels/packPlanes.ts; units are pair planes of all images. */
export function packPlanes(
  x: usize,
  channels: i32,
  h: i32,
  w: i32,
  zeroPoint: i32,
  groups: i32,
  planes: i32,
  channelStep: i32,
  columnStep: i32,
  top: i32,
  left: i32,
  strideH: i32,
  strideW: i32,
  phasesH: i32,
  phasesW: i32,
  phaseH: i32,
  pitch: i32,
  packed: usize,
  begin: i32,
  end: i32,
): void {
  const groupChannels = channels / groups
  const perImage = groups * planes
  const rowBytes = (<usize>pitch) << 2
  const zero = i16x8.splat(<i16>zeroPoint)
  for (let unit = begin; unit < end; unit++) {
    const image = unit / perImage
    const plane = unit % perImage
    const inGroup = (plane % planes) * channelStep
    const channel = (plane / planes) * groupChannels + inGroup
    const hasSecond = columnStep > 0 || inGroup + 1 < groupChannels
    const first = x + <usize>((image * channels + channel) * h * w)
    const second = columnStep > 0 ? first + <usize>columnStep : first + <usize>(h * w)
    let to = packed + <usize>(unit * phasesH * phasesW * phaseH) * rowBytes
    for (let py = 0; py < phasesH; py++) {
      for (let px = 0; px < phasesW; px++) {
        for (let r = 0; r < phaseH; r++, to += rowBytes) {
          const y = r * strideH + py - top
          if (y < 0 || y >= h) {
            memory.fill(to, 0, rowBytes)
            continue
          }
          const a = first + <usize>(y * w)
          const b = second + <usize>(y * w)
          // Columns idx * strideW + px - left; the vector part is where both codes of every pair lie in the image.
          let idx = 0
          const start = px - left < 0 ? (left - px + strideW - 1) / strideW : 0
          for (; idx < min(start, pitch); idx++) {
            const column = idx * strideW + px - left
            let upper = 0
            if (columnStep > 0 && column + columnStep >= 0 && column + columnStep < w) {
              upper = <i32>load<i8>(b + <usize>column) - zeroPoint
            }
            store<i32>(to + ((<usize>idx) << 2), upper << 16)
          }
          if (strideW <= 2) {
            const last = w - columnStep - 7 * strideW
            for (; idx <= pitch - 8; idx += 8) {
              const column = idx * strideW + px - left
              if (column >= last) break
              const lower = i16x8.sub(eightCodes(a + <usize>column, strideW), zero)
              let upper = i16x8.splat(0)
              if (hasSecond) upper = i16x8.sub(eightCodes(b + <usize>column, strideW), zero)
              const at = to + ((<usize>idx) << 2)
              v128.store(at, v128.shuffle<i16>(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11))
              v128.store(at, v128.shuffle<i16>(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15), 16)
            }
          }
          for (; idx < pitch; idx++) {
            const column = idx * strideW + px - left
            let lower = 0
            let upper = 0
            if (column < w) lower = <i32>load<i8>(a + <usize>column) - zeroPoint
            if (hasSecond && column + columnStep < w) upper = <i32>load<i8>(b + <usize>column) - zeroPoint
            store<i32>(to + ((<usize>idx) << 2), (upper << 16) | (lower & 0xffff))
          }
        }
      }
    }
  }
}
