/**
 * Mirrors kernels/softmax.ts; units are lines. Lines whose elements lie side by side (inner 1) are rows; of others up to
 * four neighbours, columns, are computed at once, `count` being how many.
 */

import { exp4 } from './doubles'
import { loadPart, storePart } from './part'
import { sumRun } from './sumLanes'

/** How many neighbouring lines from `line` on can be computed at once: up to 4, 1 for rows. */
export function lineCount(line: i32, inner: i32, end: i32): i32 {
  return min<i32>(min<i32>(inner - (line % inner), end - line), 4)
}

/** Where a line begins, in bytes. */
export function lineOffset(line: i32, extent: i32, inner: i32): usize {
  return (<usize>(line / inner) * <usize>extent * <usize>inner + <usize>(line % inner)) << 2
}

/** The greatest element of a row; NaN if there is one, -Infinity for an empty row. */
export function maxRow(x: usize, extent: i32): f32 {
  let maxima = f32x4.splat(-Infinity)
  let rest = extent
  for (; rest >= 4; rest -= 4, x += 16) maxima = f32x4.max(maxima, v128.load(x))
  for (; rest > 0; rest--, x += 4) maxima = f32x4.max(maxima, v128.load_splat<f32>(x))
  maxima = f32x4.max(maxima, v128.shuffle<f64>(maxima, maxima, 1, 1))
  return max<f32>(f32x4.extract_lane(maxima, 0), f32x4.extract_lane(maxima, 1))
}

/** The greatest element of each of `count` columns; `stride` is in bytes. */
export function maxColumns(x: usize, extent: i32, stride: usize, count: i32): v128 {
  let maxima = f32x4.splat(-Infinity)
  for (let i = 0; i < extent; i++, x += stride) maxima = f32x4.max(maxima, loadPart(x, count))
  return maxima
}

/** Writes exp(x - max) along a row and returns their sum. */
export function expRow(x: usize, greatest: f32, out: usize, extent: i32, table: usize): f32 {
  const maxima = f32x4.splat(greatest)
  for (let i = 0; i < extent; i += 4) {
    const at = (<usize>i) << 2
    const count = extent - i
    storePart(out + at, exp4(f32x4.sub(loadPart(x + at, count), maxima), table), count)
  }
  return sumRun(out, extent)
}

/** Writes exp(x - max) along `count` columns and returns their sums. */
export function expColumns(
  x: usize,
  maxima: v128,
  out: usize,
  extent: i32,
  stride: usize,
  count: i32,
  table: usize,
): v128 {
  let sum = f32x4.splat(0)
  for (let i = 0; i < extent; i++, x += stride, out += stride) {
    const e = exp4(f32x4.sub(loadPart(x, count), maxima), table)
    storePart(out, e, count)
    sum = f32x4.add(sum, e)
  }
  return sum
}

/** out = out / divisor along a row. */
export function divideRow(out: usize, divisor: f32, extent: i32): void {
  const divisors = f32x4.splat(divisor)
  for (let i = 0; i < extent; i += 4) {
    const at = out + ((<usize>i) << 2)
    storePart(at, f32x4.div(loadPart(at, extent - i), divisors), extent - i)
  }
}

/** out = out / divisor along `count` columns. */
export function divideColumns(out: usize, divisors: v128, extent: i32, stride: usize, count: i32): void {
  for (let i = 0; i < extent; i++, out += stride) storePart(out, f32x4.div(loadPart(out, count), divisors), count)
}

/** Units are lines. */
export function softmax(x: usize, out: usize, extent: i32, inner: i32, table: usize, begin: i32, end: i32): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, extent, inner)
    const count = lineCount(line, inner, end)
    if (inner === 1) {
      const sum = expRow(x + offset, maxRow(x + offset, extent), out + offset, extent, table)
      divideRow(out + offset, sum, extent)
    } else {
      const maxima = maxColumns(x + offset, extent, stride, count)
      const sums = expColumns(x + offset, maxima, out + offset, extent, stride, count, table)
      divideColumns(out + offset, sums, extent, stride, count)
    }
    line += count
  }
}

/** Units are lines. */
export function softmaxGrad(
  y: usize,
  gradOut: usize,
  gradX: usize,
  extent: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, extent, inner)
    const count = lineCount(line, inner, end)
    if (inner === 1) softmaxGradRow(y + offset, gradOut + offset, gradX + offset, extent)
    else softmaxGradColumns(y + offset, gradOut + offset, gradX + offset, extent, stride, count)
    line += count
  }
}

function softmaxGradRow(y: usize, gradOut: usize, gradX: usize, extent: i32): void {
  for (let i = 0; i < extent; i += 4) {
    const at = (<usize>i) << 2
    const count = extent - i
    storePart(gradX + at, f32x4.mul(loadPart(y + at, count), loadPart(gradOut + at, count)), count)
  }
  const sum = f32x4.splat(sumRun(gradX, extent))
  for (let i = 0; i < extent; i += 4) {
    const at = (<usize>i) << 2
    const count = extent - i
    const centred = f32x4.sub(loadPart(gradOut + at, count), sum)
    storePart(gradX + at, f32x4.mul(loadPart(y + at, count), centred), count)
  }
}

function softmaxGradColumns(y: usize, gradOut: usize, gradX: usize, extent: i32, stride: usize, count: i32): void {
  let sum = f32x4.splat(0)
  let at: usize = 0
  for (let i = 0; i < extent; i++, at += stride) {
    sum = f32x4.add(sum, f32x4.mul(loadPart(y + at, count), loadPart(gradOut + at, count)))
  }
  at = 0
  for (let i = 0; i < extent; i++, at += stride) {
    const centred = f32x4.sub(loadPart(gradOut + at, count), sum)
    storePart(gradX + at, f32x4.mul(loadPart(y + at, count), centred), count)
  }
}
