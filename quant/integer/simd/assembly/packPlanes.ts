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
  const plane = h * w
  const zero = i16x8.splat(<i16>zeroPoint)
  // The columns of so short a row, border and dilation included, can be compared as 16-bit numbers without a sign.
  const isWide = strideW <= 2 && <u32>(pitch - 8) < 4096 && left < 8192
  const lanes = i16x8.mul(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(<i16>strideW))
  const width = i16x8.splat(<i16>min(w, 32767))
  for (let unit = begin; unit < end; unit++) {
    const inImage = unit % perImage
    const inGroup = (inImage % planes) * channelStep
    const channel = (inImage / planes) * groupChannels + inGroup
    const hasSecond = columnStep > 0 || inGroup + 1 < groupChannels
    const secondW = hasSecond ? w : 0
    const secondWidth = i16x8.splat(<i16>min(secondW, 32767))
    // From the first code of a pair to the second, which is not used without one.
    const gap = hasSecond && columnStep === 0 ? plane : columnStep
    const image = x + <usize>((unit / perImage) * channels * plane)
    // Where eight pairs may begin, so that the codes read are of the image.
    const limit = channels * plane - gap - 8 * strideW
    let to = packed + <usize>(unit * phasesH * phasesW * phaseH) * rowBytes
    for (let py = 0; py < phasesH; py++) {
      for (let px = 0; px < phasesW; px++) {
        for (let r = 0; r < phaseH; r++, to += rowBytes) {
          const y = r * strideH + py - top
          if (<u32>y >= <u32>h) {
            memory.fill(to, 0, rowBytes)
            continue
          }
          const row = channel * plane + y * w
          // Pair idx has column idx * strideW + px - left. Eight at a time where their codes can be read, the last of a row again
          // with some before them; what lies outside the row becomes 0.
          for (let idx = 0; idx < pitch; ) {
            const eight = min(idx, pitch - 8)
            const from = eight * strideW + px - left
            if (isWide && row + from >= 0 && row + from <= limit) {
              const first = image + <usize>(row + from)
              const columns = i16x8.add(i16x8.splat(<i16>from), lanes)
              const nexts = i16x8.add(columns, i16x8.splat(<i16>columnStep))
              const lower = v128.and(i16x8.sub(eightCodes(first, strideW), zero), i16x8.lt_u(columns, width))
              const second = i16x8.sub(eightCodes(first + <usize>gap, strideW), zero)
              const upper = v128.and(second, i16x8.lt_u(nexts, secondWidth))
              const at = to + ((<usize>eight) << 2)
              v128.store(at, v128.shuffle<i16>(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11))
              v128.store(at, v128.shuffle<i16>(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15), 16)
              idx = eight + 8
              continue
            }
            const column = idx * strideW + px - left
            const first = image + <usize>(row + column)
            let lower = 0
            let upper = 0
            if (<u32>column < <u32>w) lower = <i32>load<i8>(first) - zeroPoint
            if (<u32>(column + columnStep) < <u32>secondW) upper = <i32>load<i8>(first + <usize>gap) - zeroPoint
            store<i32>(to + ((<usize>idx) << 2), (upper << 16) | (lower & 0xffff))
            idx++
          }
        }
      }
    }
  }
}
