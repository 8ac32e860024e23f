/**
 * Mirrors kernels/sumLanes.ts, the standard reduction: four vectors hold the 16 lanes. The sums over several runs take
 * `runs` of them, `stride` bytes apart, the lanes persisting from run to run.
 */

import { keepPart, loadPart } from './part'

/** Units are channels. */
export function channelSum(x: usize, out: usize, n: i32, c: i32, p: i32, begin: i32, end: i32): void {
  const plane = (<usize>p) << 2
  for (let channel = begin; channel < end; channel++) {
    const sum = sumRuns(x + <usize>channel * plane, n, <usize>c * plane, p)
    store<f32>(out + ((<usize>channel) << 2), sum)
  }
}

/** The sum of the `length` elements at `x`. */
export function sumRun(x: usize, length: i32): f32 {
  return sumRuns(x, 1, 0, length)
}

/** The sum of runs of `length` elements. */
export function sumRuns(x: usize, runs: i32, stride: usize, length: i32): f32 {
  let sum0 = f32x4.splat(0)
  let sum1 = sum0
  let sum2 = sum0
  let sum3 = sum0
  for (let run = 0; run < runs; run++, x += stride) {
    let at = x
    let rest = length
    for (; rest >= 16; rest -= 16, at += 64) {
      sum0 = f32x4.add(sum0, v128.load(at))
      sum1 = f32x4.add(sum1, v128.load(at, 16))
      sum2 = f32x4.add(sum2, v128.load(at, 32))
      sum3 = f32x4.add(sum3, v128.load(at, 48))
    }
    if (rest > 0) sum0 = f32x4.add(sum0, loadPart(at, rest))
    if (rest > 4) sum1 = f32x4.add(sum1, loadPart(at + 16, rest - 4))
    if (rest > 8) sum2 = f32x4.add(sum2, loadPart(at + 32, rest - 8))
    if (rest > 12) sum3 = f32x4.add(sum3, loadPart(at + 48, rest - 12))
  }
  return foldLanes(sum0, sum1, sum2, sum3)
}

/** The sum of (x - centre)^2 over runs of `length` elements. */
export function sumSquares(x: usize, runs: i32, stride: usize, length: i32, centre: f32): f32 {
  const centres = f32x4.splat(centre)
  let sum0 = f32x4.splat(0)
  let sum1 = sum0
  let sum2 = sum0
  let sum3 = sum0
  for (let run = 0; run < runs; run++, x += stride) {
    let at = x
    let rest = length
    for (; rest >= 16; rest -= 16, at += 64) {
      sum0 = f32x4.add(sum0, squares(v128.load(at), centres))
      sum1 = f32x4.add(sum1, squares(v128.load(at, 16), centres))
      sum2 = f32x4.add(sum2, squares(v128.load(at, 32), centres))
      sum3 = f32x4.add(sum3, squares(v128.load(at, 48), centres))
    }
    if (rest > 0) sum0 = f32x4.add(sum0, keepPart(squares(loadPart(at, rest), centres), rest))
    if (rest > 4) sum1 = f32x4.add(sum1, keepPart(squares(loadPart(at + 16, rest - 4), centres), rest - 4))
    if (rest > 8) sum2 = f32x4.add(sum2, keepPart(squares(loadPart(at + 32, rest - 8), centres), rest - 8))
    if (rest > 12) sum3 = f32x4.add(sum3, keepPart(squares(loadPart(at + 48, rest - 12), centres), rest - 12))
  }
  return foldLanes(sum0, sum1, sum2, sum3)
}

/**
 * The sum of (x - centre) * y over the same runs of `length` elements of both. The sum of y, which every caller wants too,
 * goes to `sumOfY`.
 */
export function sumProducts(
  x: usize,
  y: usize,
  runs: i32,
  stride: usize,
  length: i32,
  centre: f32,
  sumOfY: usize,
): f32 {
  const centres = f32x4.splat(centre)
  let sum0 = f32x4.splat(0)
  let sum1 = sum0
  let sum2 = sum0
  let sum3 = sum0
  let total0 = sum0
  let total1 = sum0
  let total2 = sum0
  let total3 = sum0
  for (let run = 0; run < runs; run++, x += stride, y += stride) {
    let at = x
    let to = y
    let rest = length
    for (; rest >= 16; rest -= 16, at += 64, to += 64) {
      const y0 = v128.load(to)
      const y1 = v128.load(to, 16)
      const y2 = v128.load(to, 32)
      const y3 = v128.load(to, 48)
      total0 = f32x4.add(total0, y0)
      total1 = f32x4.add(total1, y1)
      total2 = f32x4.add(total2, y2)
      total3 = f32x4.add(total3, y3)
      sum0 = f32x4.add(sum0, f32x4.mul(f32x4.sub(v128.load(at), centres), y0))
      sum1 = f32x4.add(sum1, f32x4.mul(f32x4.sub(v128.load(at, 16), centres), y1))
      sum2 = f32x4.add(sum2, f32x4.mul(f32x4.sub(v128.load(at, 32), centres), y2))
      sum3 = f32x4.add(sum3, f32x4.mul(f32x4.sub(v128.load(at, 48), centres), y3))
    }
    if (rest > 0) {
      const part = loadPart(to, rest)
      total0 = f32x4.add(total0, part)
      sum0 = f32x4.add(sum0, partProducts(at, part, centres, rest))
    }
    if (rest > 4) {
      const part = loadPart(to + 16, rest - 4)
      total1 = f32x4.add(total1, part)
      sum1 = f32x4.add(sum1, partProducts(at + 16, part, centres, rest - 4))
    }
    if (rest > 8) {
      const part = loadPart(to + 32, rest - 8)
      total2 = f32x4.add(total2, part)
      sum2 = f32x4.add(sum2, partProducts(at + 32, part, centres, rest - 8))
    }
    if (rest > 12) {
      const part = loadPart(to + 48, rest - 12)
      total3 = f32x4.add(total3, part)
      sum3 = f32x4.add(sum3, partProducts(at + 48, part, centres, rest - 12))
    }
  }
  store<f32>(sumOfY, foldLanes(total0, total1, total2, total3))
  return foldLanes(sum0, sum1, sum2, sum3)
}

/** The sum of the 16 lanes by the halving tree. */
export function foldLanes(sum0: v128, sum1: v128, sum2: v128, sum3: v128): f32 {
  const four = f32x4.add(f32x4.add(sum0, sum2), f32x4.add(sum1, sum3))
  const two = f32x4.add(four, v128.shuffle<f32>(four, four, 2, 3, 0, 1))
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1)
}

function squares(x: v128, centres: v128): v128 {
  const difference = f32x4.sub(x, centres)
  return f32x4.mul(difference, difference)
}

function partProducts(x: usize, y: v128, centres: v128, count: i32): v128 {
  return keepPart(f32x4.mul(f32x4.sub(loadPart(x, count), centres), y), count)
}
