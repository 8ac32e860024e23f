import { copyPlane } from './copyPadded'
import { laneMask, sumOfLanes } from './laneProduct'

/**
 * gradWeight[c, k] = the sum over pixels (n, y, x) of gradOut[n, c, y, x] * picture[y * line + 4 x + taps[k]], the
 * picture being plane n, c / multiplier of `x` as in depthwise, in lanes as laneProduct. Units are channels c of `channels`;
 * a call works in the slot of its first unit: 16 bytes a tap, the taps rounded up to fives, then the picture.
 */
export function depthwiseGradWeight(
  x: usize,
  height: i32,
  width: i32,
  paddedHeight: i32,
  top: i32,
  left: i32,
  step: i32,
  phases: i32,
  parts: i32,
  phaseWidth: i32,
  gradOut: usize,
  batch: i32,
  lines: i32,
  columns: i32,
  taps: usize,
  depth: i32,
  line: usize,
  channels: i32,
  multiplier: i32,
  gradWeight: usize,
  scratch: usize,
  slot: usize,
  begin: i32,
  end: i32,
): void {
  const sums = scratch + <usize>begin * slot
  const sumBytes = <usize>(((depth + 4) / 5) * 80)
  const picture = sums + sumBytes
  const zero = f32x4.splat(0)
  for (let c = begin; c < end; c++) {
    for (let k: usize = 0; k < sumBytes; k += 16) v128.store(sums + k, zero)
    for (let n = 0; n < batch; n++) {
      const p = n * channels + c
      const from = x + ((<usize>((p / multiplier) * height * width)) << 2)
      copyPlane(
        from,
        height,
        width,
        picture,
        paddedHeight,
        top,
        left,
        step,
        phases,
        parts,
        phaseWidth,
        c > begin || n > 0,
      )
      const gradient = gradOut + ((<usize>(p * lines * columns)) << 2)
      for (let k = 0; k < depth; k += 5) {
        correlate5(gradient, picture, line, lines, columns, taps, k, depth - 1, sums + ((<usize>k) << 4))
      }
    }
    const to = gradWeight + ((<usize>(c * depth)) << 2)
    for (let k: usize = 0; k < <usize>depth; k++) store<f32>(to + 4 * k, sumOfLanes(sums + 16 * k))
  }
}

/** Adds the products of one plane for five taps from k on; those beyond the last repeat it. */
function correlate5(
  gradient: usize,
  picture: usize,
  line: usize,
  lines: i32,
  columns: i32,
  taps: usize,
  k: i32,
  last: i32,
  sums: usize,
): void {
  const t0 = <usize>load<i32>(taps + ((<usize>k) << 2))
  const t1 = <usize>load<i32>(taps + ((<usize>min(k + 1, last)) << 2))
  const t2 = <usize>load<i32>(taps + ((<usize>min(k + 2, last)) << 2))
  const t3 = <usize>load<i32>(taps + ((<usize>min(k + 3, last)) << 2))
  const t4 = <usize>load<i32>(taps + ((<usize>min(k + 4, last)) << 2))
  let c0 = v128.load(sums)
  let c1 = v128.load(sums, 16)
  let c2 = v128.load(sums, 32)
  let c3 = v128.load(sums, 48)
  let c4 = v128.load(sums, 64)
  const whole = (<usize>(columns >> 2)) << 4
  const mask = laneMask(columns & 3)
  for (let y = 0; y < lines; y++, picture += line) {
    let p = picture
    for (const end = picture + whole; p < end; p += 16, gradient += 16) {
      const g = v128.load(gradient)
      c0 = f32x4.add(c0, f32x4.mul(g, v128.load(p + t0)))
      c1 = f32x4.add(c1, f32x4.mul(g, v128.load(p + t1)))
      c2 = f32x4.add(c2, f32x4.mul(g, v128.load(p + t2)))
      c3 = f32x4.add(c3, f32x4.mul(g, v128.load(p + t3)))
      c4 = f32x4.add(c4, f32x4.mul(g, v128.load(p + t4)))
    }
    if (columns & 3) {
      const g = v128.load(gradient)
      c0 = f32x4.add(c0, v128.and(mask, f32x4.mul(g, v128.load(p + t0))))
      c1 = f32x4.add(c1, v128.and(mask, f32x4.mul(g, v128.load(p + t1))))
      c2 = f32x4.add(c2, v128.and(mask, f32x4.mul(g, v128.load(p + t2))))
      c3 = f32x4.add(c3, v128.and(mask, f32x4.mul(g, v128.load(p + t3))))
      c4 = f32x4.add(c4, v128.and(mask, f32x4.mul(g, v128.load(p + t4))))
      gradient += (<usize>(columns & 3)) << 2
    }
  }
  v128.store(sums, c0)
  v128.store(sums, c1, 16)
  v128.store(sums, c2, 32)
  v128.store(sums, c3, 48)
  v128.store(sums, c4, 64)
}
