/**
 * Mirrors fakeQuantiseKernel.ts. Codes are computed in float32: what lies beyond 2^24 is clamped in any case. Units are
 * elements; runs of `inner` share a channel.
 */

import { loadPart, storePart } from '../../../../engine/simd/assembly/part'
import { round } from './rounding'

export function fakeQuantise(
  x: usize,
  scale: usize,
  zeroPoint: usize,
  out: usize,
  channels: i32,
  inner: i32,
  qmin: f32,
  qmax: f32,
  lambda: f32,
  rounding: i32,
  reciprocal: i32,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; ) {
    const c = (i / inner) % channels
    const length = min<i32>(runLength(i, c, channels, inner), end - i)
    let s = v128.load_splat<f32>(scale + ((<usize>c) << 2))
    let z = f32x4.convert_i32x4_s(v128.load_splat<i32>(zeroPoint + ((<usize>c) << 2)))
    for (let j = 0; j < length; j += 4) {
      const at = (<usize>(i + j)) << 2
      const count = length - j
      if (inner === 1) {
        s = loadPart(scale + ((<usize>(c + j)) << 2), count)
        z = f32x4.convert_i32x4_s(loadPart(zeroPoint + ((<usize>(c + j)) << 2), count))
      }
      const v = loadPart(x + at, count)
      const d = steps(v, s, reciprocal)
      let q = f32x4.add(round(d, rounding), z)
      // The one-instruction forms: NaN stays, and no code is -0.
      q = f32x4.pmin(f32x4.pmax(q, f32x4.splat(qmin)), f32x4.splat(qmax))
      if (reciprocal) q = v128.bitselect(q, f32x4.splat(qmin), f32x4.lt(d, f32x4.splat(<f32>((<u64>1) << 63))))
      let y = f32x4.mul(s, f32x4.sub(q, z))
      if (lambda !== 1) y = f32x4.add(v, f32x4.mul(f32x4.splat(lambda), f32x4.sub(y, v)))
      storePart(out + at, y, count)
    }
    i += length
  }
}

/** outside is 1 - lambda. */
export function fakeQuantiseGrad(
  x: usize,
  scale: usize,
  zeroPoint: usize,
  gradOut: usize,
  gradX: usize,
  channels: i32,
  inner: i32,
  qmin: f32,
  qmax: f32,
  outside: f32,
  rounding: i32,
  reciprocal: i32,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; ) {
    const c = (i / inner) % channels
    const length = min<i32>(runLength(i, c, channels, inner), end - i)
    let s = v128.load_splat<f32>(scale + ((<usize>c) << 2))
    let z = f32x4.convert_i32x4_s(v128.load_splat<i32>(zeroPoint + ((<usize>c) << 2)))
    for (let j = 0; j < length; j += 4) {
      const at = (<usize>(i + j)) << 2
      const count = length - j
      if (inner === 1) {
        s = loadPart(scale + ((<usize>(c + j)) << 2), count)
        z = f32x4.convert_i32x4_s(loadPart(zeroPoint + ((<usize>(c + j)) << 2), count))
      }
      const q = f32x4.add(round(steps(loadPart(x + at, count), s, reciprocal), rounding), z)
      const inside = v128.and(f32x4.ge(q, f32x4.splat(qmin)), f32x4.le(q, f32x4.splat(qmax)))
      const gradient = loadPart(gradOut + at, count)
      storePart(gradX + at, v128.bitselect(gradient, f32x4.mul(gradient, f32x4.splat(outside)), inside), count)
    }
    i += length
  }
}

/** x / scale, or x times the rounded reciprocal. */
function steps(x: v128, scale: v128, reciprocal: i32): v128 {
  return reciprocal ? f32x4.mul(x, f32x4.div(f32x4.splat(1), scale)) : f32x4.div(x, scale)
}

/** How many elements from element `i`, of channel `c`, on are computed together: one channel's, or one of each channel. */
function runLength(i: i32, c: i32, channels: i32, inner: i32): i32 {
  return inner === 1 ? channels - c : inner - (i % inner)
}
