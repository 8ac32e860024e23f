/** Mirrors kernels/crossEntropy.ts; units are lines, rows and columns as in softmax.ts. */

import { log4 } from './doubles'
import { loadPart, storePart } from './part'
import { divideColumns, divideRow, expColumns, expRow, lineCount, lineOffset, maxColumns, maxRow } from './softmax'
import { sumRun } from './sumLanes'

/** sharp is 1 - smoothing. */
export function crossEntropy(
  logits: usize,
  target: usize,
  losses: usize,
  probabilities: usize,
  classes: i32,
  inner: i32,
  smooth: f32,
  sharp: f32,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, classes, inner)
    const count = lineCount(line, inner, end)
    const from = logits + offset
    const to = probabilities + offset
    let maxima: v128
    let sums: v128
    let means = f32x4.splat(0)
    if (inner === 1) {
      const greatest = maxRow(from, classes)
      if (smooth > 0) means = f32x4.splat(meanDifferenceRow(from, greatest, to, classes))
      const sum = expRow(from, greatest, to, classes, table)
      divideRow(to, sum, classes)
      maxima = f32x4.splat(greatest)
      sums = f32x4.splat(sum)
    } else {
      maxima = maxColumns(from, classes, stride, count)
      if (smooth > 0) means = meanDifferenceColumns(from, maxima, classes, stride, count)
      sums = expColumns(from, maxima, to, classes, stride, count, table)
      divideColumns(to, sums, classes, stride, count)
    }
    const logSums = log4(sums, table)
    const loss = f32x4.sub(logSums, f32x4.sub(loadTargets(from, target, line, inner, count), maxima))
    const even = f32x4.mul(f32x4.splat(smooth), f32x4.sub(logSums, means))
    const blend = f32x4.add(f32x4.mul(f32x4.splat(sharp), loss), even)
    storePart(losses + ((<usize>line) << 2), smooth > 0 ? blend : loss, count)
    line += count
  }
}

/** wanted and other are the target distribution at and beside the label; shared is 1 for one gradient for all lines. */
export function crossEntropyGrad(
  probabilities: usize,
  target: usize,
  gradLosses: usize,
  gradLogits: usize,
  classes: i32,
  inner: i32,
  wanted: f32,
  other: f32,
  shared: i32,
  divisor: f32,
  begin: i32,
  end: i32,
): void {
  const stride = (<usize>inner) << 2
  const others = f32x4.splat(other)
  const divisors = f32x4.splat(divisor)
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, classes, inner)
    const count = lineCount(line, inner, end)
    const own = (<usize>line) << 2
    const losses = shared ? v128.load_splat<f32>(gradLosses) : loadPart(gradLosses + own, count)
    const gradients = f32x4.div(losses, divisors)
    let from = probabilities + offset
    let to = gradLogits + offset
    if (inner === 1) {
      const gradient = f32x4.extract_lane(gradients, 0)
      const label = (<usize>load<i32>(target + own)) << 2
      const atLabel: f32 = (load<f32>(from + label) - wanted) * gradient
      for (let i = 0; i < classes; i += 4) {
        const at = (<usize>i) << 2
        const difference = f32x4.sub(loadPart(from + at, classes - i), others)
        storePart(to + at, f32x4.mul(difference, f32x4.splat(gradient)), classes - i)
      }
      store<f32>(to + label, atLabel)
    } else {
      const labels = loadPart(target + own, count)
      for (let i = 0; i < classes; i++, from += stride, to += stride) {
        const q = v128.bitselect(f32x4.splat(wanted), others, i32x4.eq(labels, i32x4.splat(i)))
        storePart(to, f32x4.mul(f32x4.sub(loadPart(from, count), q), gradients), count)
      }
    }
    line += count
  }
}

function meanDifferenceRow(x: usize, greatest: f32, out: usize, classes: i32): f32 {
  for (let i = 0; i < classes; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, load<f32>(x + at) - greatest)
  }
  return sumRun(out, classes) / <f32>classes
}

function meanDifferenceColumns(x: usize, maxima: v128, classes: i32, stride: usize, count: i32): v128 {
  let sum = f32x4.splat(0)
  for (let i = 0; i < classes; i++, x += stride) sum = f32x4.add(sum, f32x4.sub(loadPart(x, count), maxima))
  return f32x4.div(sum, f32x4.splat(<f32>classes))
}

/** The logits at the labels of `count` lines from `line` on; the first line begins at `x`. */
function loadTargets(x: usize, target: usize, line: i32, inner: i32, count: i32): v128 {
  const labels = target + ((<usize>line) << 2)
  let values = v128.load_splat<f32>(x + ((<usize>load<i32>(labels) * <usize>inner) << 2))
  if (count > 1) values = f32x4.replace_lane(values, 1, loadTarget(x, labels, inner, 1))
  if (count > 2) values = f32x4.replace_lane(values, 2, loadTarget(x, labels, inner, 2))
  if (count > 3) values = f32x4.replace_lane(values, 3, loadTarget(x, labels, inner, 3))
  return values
}

function loadTarget(x: usize, labels: usize, inner: i32, column: i32): f32 {
  const label = load<i32>(labels + ((<usize>column) << 2))
  return load<f32>(x + ((<usize>label * <usize>inner + <usize>column) << 2))
}
