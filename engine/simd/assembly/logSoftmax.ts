/** Mirrors kernels/logSoftmax.ts; units are lines, rows and columns as in softmax.ts. */

import { exp4, log4 } from './doubles'
import { loadPart, storePart } from './part'
import { expColumns, expRow, lineCount, lineOffset, maxColumns, maxRow } from './softmax'
import { sumRun } from './sumLanes'

/** Units are lines. */
export function logSoftmax(x: usize, out: usize, extent: i32, inner: i32, table: usize, begin: i32, end: i32): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, extent, inner)
    const count = lineCount(line, inner, end)
    if (inner === 1) {
      const greatest = maxRow(x + offset, extent)
      const logSum = log4(f32x4.splat(expRow(x + offset, greatest, out + offset, extent, table)), table)
      for (let i = 0; i < extent; i += 4) {
        const at = offset + ((<usize>i) << 2)
        const difference = f32x4.sub(loadPart(x + at, extent - i), f32x4.splat(greatest))
        storePart(out + at, f32x4.sub(difference, logSum), extent - i)
      }
    } else {
      const maxima = maxColumns(x + offset, extent, stride, count)
      const logSums = log4(expColumns(x + offset, maxima, out + offset, extent, stride, count, table), table)
      let at = offset
      for (let i = 0; i < extent; i++, at += stride) {
        storePart(out + at, f32x4.sub(f32x4.sub(loadPart(x + at, count), maxima), logSums), count)
      }
    }
    line += count
  }
}

/** Units are lines. */
export function logSoftmaxGrad(
  y: usize,
  gradOut: usize,
  gradX: usize,
  extent: i32,
  inner: i32,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const offset = lineOffset(line, extent, inner)
    const count = lineCount(line, inner, end)
    if (inner === 1) {
      const sum = f32x4.splat(sumRun(gradOut + offset, extent))
      for (let i = 0; i < extent; i += 4) {
        const at = offset + ((<usize>i) << 2)
        const share = f32x4.mul(exp4(loadPart(y + at, extent - i), table), sum)
        storePart(gradX + at, f32x4.sub(loadPart(gradOut + at, extent - i), share), extent - i)
      }
    } else {
      let sum = f32x4.splat(0)
      let at = offset
      for (let i = 0; i < extent; i++, at += stride) sum = f32x4.add(sum, loadPart(gradOut + at, count))
      at = offset
      for (let i = 0; i < extent; i++, at += stride) {
        const share = f32x4.mul(exp4(loadPart(y + at, count), table), sum)
        storePart(gradX + at, f32x4.sub(loadPart(gradOut + at, count), share), count)
      }
    }
    line += count
  }
}
