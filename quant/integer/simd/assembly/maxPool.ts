/** Mirrors kernels/maxPool.ts; units are planes. */
export function maxPool(
  x: usize,
  h: i32,
  w: i32,
  outH: i32,
  outW: i32,
  kernelH: i32,
  kernelW: i32,
  strideH: i32,
  strideW: i32,
  dilationH: i32,
  dilationW: i32,
  top: i32,
  left: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  // Two by two windows side by side, all inside the image: the common case.
  const isHalving =
    kernelH === 2 && kernelW === 2 && strideW === 2 && dilationH === 1 && dilationW === 1 && top === 0 && left === 0
  for (let plane = begin; plane < end; plane++) {
    const from = x + <usize>(plane * h * w)
    let to = out + <usize>(plane * outH * outW)
    for (let oy = 0; oy < outH; oy++) {
      let ox = 0
      if (isHalving && oy * strideH + 1 < h) {
        const row = from + <usize>(oy * strideH * w)
        for (; ox <= outW - 8 && 2 * ox + 16 <= w; ox += 8, to += 8) {
          const pair = i8x16.max_s(v128.load(row + <usize>(2 * ox)), v128.load(row + <usize>(w + 2 * ox)))
          const best = i16x8.max_s(i16x8.shr_s(pair, 8), i16x8.shr_s(i16x8.shl(pair, 8), 8))
          v128.store64_lane(to, i8x16.narrow_i16x8_s(best, best), 0)
        }
      }
      for (; ox < outW; ox++, to++) {
        let best = -128
        for (let ky = 0; ky < kernelH; ky++) {
          const y = oy * strideH - top + ky * dilationH
          if (y < 0 || y >= h) continue
          for (let kx = 0; kx < kernelW; kx++) {
            const column = ox * strideW - left + kx * dilationW
            if (column >= 0 && column < w) best = max<i32>(best, load<i8>(from + <usize>(y * w + column)))
          }
        }
        store<u8>(to, best)
      }
    }
  }
}
