import { loadPart, storePart } from './part'
import { lineCount, lineOffset, maxRow } from './softmax'

/** Mirrors kernels/reduceMax.ts; units are lines, rows and columns as in softmax.ts. */
export function reduceMax(x: usize, out: usize, indices: usize, extent: i32, inner: i32, begin: i32, end: i32): void {
  const stride = (<usize>inner) << 2
  for (let line = begin; line < end; ) {
    const count = lineCount(line, inner, end)
    const to = (<usize>line) << 2
    let at = x + lineOffset(line, extent, inner)
    if (inner === 1) {
      const index = firstMaximum(at, extent)
      store<i32>(indices + to, index)
      store<f32>(out + to, index < 0 ? -Infinity : load<f32>(at + ((<usize>index) << 2)))
    } else {
      let maxima = f32x4.splat(-Infinity)
      let places = i32x4.splat(extent === 0 ? -1 : 0)
      for (let k = 0; k < extent; k++, at += stride) {
        const values = loadPart(at, count)
        // Greater or the first NaN: nothing replaces a NaN.
        const greater = v128.andnot(f32x4.eq(maxima, maxima), f32x4.le(values, maxima))
        maxima = v128.bitselect(values, maxima, greater)
        places = v128.bitselect(i32x4.splat(k), places, greater)
      }
      storePart(out + to, maxima, count)
      storePart(indices + to, places, count)
    }
    line += count
  }
}

/** Where in a row its maximum first stands (a NaN is the maximum), -1 in an empty one. */
function firstMaximum(x: usize, extent: i32): i32 {
  const greatest = maxRow(x, extent)
  const findNaN = f32.ne(greatest, greatest)
  const wanted = f32x4.splat(greatest)
  let k = 0
  for (; k <= extent - 4; k += 4) {
    const values = v128.load(x + ((<usize>k) << 2))
    if (v128.any_true(findNaN ? f32x4.ne(values, values) : f32x4.eq(values, wanted))) break
  }
  for (; k < extent; k++) {
    const value = load<f32>(x + ((<usize>k) << 2))
    if (findNaN ? f32.ne(value, value) : value === greatest) return k
  }
  return -1
}

/** Mirrors reduceMaxGrad of kernels/reduceMax.ts; units are lines, extent at least 1. */
export function reduceMaxGrad(
  gradOut: usize,
  indices: usize,
  gradX: usize,
  extent: i32,
  inner: i32,
  begin: i32,
  end: i32,
): void {
  for (let line = begin; line < end; line++) {
    const own = (<usize>line) << 2
    const to = gradX + lineOffset(line, extent, inner)
    const index = load<i32>(indices + own)
    for (let k = 0; k < extent; k++) {
      store<f32>(to + ((<usize>k * <usize>inner) << 2), k === index ? load<f32>(gradOut + own) : 0)
    }
  }
}
