/**
 * Convolutions that see one input channel an output channel (kernels/conv2d.ts and kernels/conv2dGradInput.ts with a
 * channel a group): a plane is copied with its border into scratch that stays in the first-level cache, and filtered from
 * there.
 */

import { copyPlane } from './copyPadded'

/**
 * out plane p, line y, column x = (sum over k of w[k] * picture[y * line + 4 x + taps[k]]) + bias[c], p = n * channels +
 * c; the taps are given by the step to each from the one before, the first from 0. The picture is plane p / multiplier of
 * `x` [height, width] as copyPadded borders it, w[k] is at weight + c * weightBytes + weightTaps[k]; distances in bytes.
 * `bias` 0: none. `total` planes of `out`, outPlane bytes each, are cut into units of `planes`; a call works in the slot
 * of its first unit: the weights in 4 bytes a tap, rounded up to 16, then the picture, then, unless outColumn is 4, the
 * plane that is written.
 */
export function depthwise(
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
  weight: usize,
  weightBytes: usize,
  weightTaps: usize,
  steps: usize,
  depth: i32,
  line: usize,
  bias: usize,
  channels: i32,
  multiplier: i32,
  out: usize,
  outPlane: usize,
  outLine: usize,
  outColumn: usize,
  lines: i32,
  columns: i32,
  total: i32,
  planes: i32,
  scratch: usize,
  slot: usize,
  begin: i32,
  end: i32,
): void {
  const w = scratch + <usize>begin * slot
  const picture = w + ((((<usize>depth) << 2) + 15) & ~15)
  const plane = picture + ((<usize>(paddedHeight * parts * phaseWidth)) << 2)
  const planeLine = (<usize>columns) << 2
  let held = -1
  const stop = min(end * planes, total)
  for (let p = begin * planes; p < stop; p++) {
    const source = p / multiplier
    const c = p % channels
    if (source !== held) {
      const from = x + ((<usize>(source * height * width)) << 2)
      copyPlane(from, height, width, picture, paddedHeight, top, left, step, phases, parts, phaseWidth, held !== -1)
      held = source
    }
    for (let k: usize = 0; k < (<usize>depth) << 2; k += 4) {
      store<f32>(w + k, load<f32>(weight + <usize>c * weightBytes + <usize>load<i32>(weightTaps + k)))
    }
    const b = bias ? bias + ((<usize>c) << 2) : 0
    const to = out + <usize>p * outPlane
    if (outColumn === 4) {
      filterPlane(picture, line, w, steps, depth, b, to, outLine, lines, columns)
      continue
    }
    filterPlane(picture, line, w, steps, depth, b, plane, planeLine, lines, columns)
    for (let y = 0; y < lines; y++) {
      const from = plane + <usize>y * planeLine
      let at = to + <usize>y * outLine
      for (let i: usize = 0; i < planeLine; i += 4, at += outColumn) store<f32>(at, load<f32>(from + i))
    }
  }
}

/** A plane in tiles of 32; the last ones go back as far as they must, and store the same values again. */
function filterPlane(
  picture: usize,
  line: usize,
  w: usize,
  steps: usize,
  depth: i32,
  bias: usize,
  out: usize,
  outLine: usize,
  lines: i32,
  columns: i32,
): void {
  const last = lines - 1
  if (columns >= 16) {
    for (let y = 0; y < lines; y += 2) {
      const second = <usize>(min(y + 1, last) - y)
      const from = picture + <usize>y * line
      const to = out + <usize>y * outLine
      for (let i = 0; i < columns; i += 16) {
        const at = (<usize>min(i, columns - 16)) << 2
        filter2x16(from + at, second * line, w, steps, depth, bias, to + at, second * outLine)
      }
    }
  } else if (columns >= 4) {
    for (let y = 0; y < lines; y += 4) {
      const second = <usize>(min(y + 1, last) - y)
      const third = <usize>(min(y + 2, last) - y)
      const fourth = <usize>(min(y + 3, last) - y)
      const from = picture + <usize>y * line
      const to = out + <usize>y * outLine
      for (let i = 0; i < columns; i += 4) {
        const at = (<usize>min(i, columns - 4)) << 2
        filter4x4(from + at, line, second, third, fourth, w, steps, depth, bias, to + at, outLine)
      }
    }
  } else {
    for (let y = 0; y < lines; y++) {
      for (let i = 0; i < columns; i++) {
        let at = picture + <usize>y * line + ((<usize>i) << 2)
        let sum: f32 = 0
        for (let k: usize = 0; k < (<usize>depth) << 2; k += 4) {
          at += <usize>load<i32>(steps + k)
          sum += load<f32>(w + k) * load<f32>(at)
        }
        store<f32>(out + <usize>y * outLine + ((<usize>i) << 2), bias ? sum + load<f32>(bias) : sum)
      }
    }
  }
}

/**
 * Two lines of sixteen. Here and below a test that never holds keeps the compiler from loading everything first, for
 * which there are not enough registers.
 */
function filter2x16(
  from: usize,
  line: usize,
  w: usize,
  steps: usize,
  depth: i32,
  bias: usize,
  out: usize,
  outLine: usize,
): void {
  let c0 = f32x4.splat(0)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let d0 = c0
  let d1 = c0
  let d2 = c0
  let d3 = c0
  let at = from
  let below = from + line
  for (const end = steps + ((<usize>depth) << 2); steps < end; steps += 4, w += 4) {
    const v = v128.load32_splat(w)
    const step = <usize>load<i32>(steps)
    at += step
    below += step
    c0 = f32x4.add(c0, f32x4.mul(v, v128.load(at)))
    c1 = f32x4.add(c1, f32x4.mul(v, v128.load(at, 16)))
    c2 = f32x4.add(c2, f32x4.mul(v, v128.load(at, 32)))
    c3 = f32x4.add(c3, f32x4.mul(v, v128.load(at, 48)))
    if (!below) break
    d0 = f32x4.add(d0, f32x4.mul(v, v128.load(below)))
    d1 = f32x4.add(d1, f32x4.mul(v, v128.load(below, 16)))
    d2 = f32x4.add(d2, f32x4.mul(v, v128.load(below, 32)))
    d3 = f32x4.add(d3, f32x4.mul(v, v128.load(below, 48)))
  }
  const b = bias ? v128.load32_splat(bias) : f32x4.splat(0)
  v128.store(out, f32x4.add(c0, b))
  v128.store(out, f32x4.add(c1, b), 16)
  v128.store(out, f32x4.add(c2, b), 32)
  v128.store(out, f32x4.add(c3, b), 48)
  v128.store(out + outLine, f32x4.add(d0, b))
  v128.store(out + outLine, f32x4.add(d1, b), 16)
  v128.store(out + outLine, f32x4.add(d2, b), 32)
  v128.store(out + outLine, f32x4.add(d3, b), 48)
}

/** Four lines of four; `second` ... are 1 ... 3, or less where there are no more lines. */
function filter4x4(
  from: usize,
  line: usize,
  second: usize,
  third: usize,
  fourth: usize,
  w: usize,
  steps: usize,
  depth: i32,
  bias: usize,
  out: usize,
  outLine: usize,
): void {
  let at0 = from
  let at1 = from + second * line
  let at2 = from + third * line
  let at3 = from + fourth * line
  let c0 = f32x4.splat(0)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  for (const end = steps + ((<usize>depth) << 2); steps < end; steps += 4, w += 4) {
    const v = v128.load32_splat(w)
    const step = <usize>load<i32>(steps)
    at0 += step
    at1 += step
    at2 += step
    at3 += step
    c0 = f32x4.add(c0, f32x4.mul(v, v128.load(at0)))
    c1 = f32x4.add(c1, f32x4.mul(v, v128.load(at1)))
    c2 = f32x4.add(c2, f32x4.mul(v, v128.load(at2)))
    c3 = f32x4.add(c3, f32x4.mul(v, v128.load(at3)))
  }
  const b = bias ? v128.load32_splat(bias) : f32x4.splat(0)
  v128.store(out, f32x4.add(c0, b))
  v128.store(out + second * outLine, f32x4.add(c1, b))
  v128.store(out + third * outLine, f32x4.add(c2, b))
  v128.store(out + fourth * outLine, f32x4.add(c3, b))
}
