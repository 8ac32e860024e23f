import { loadPart } from './part'
import { foldLanes } from './sumLanes'

/** Mirrors kernels/meanSquaredError.ts over `length` elements; one unit. */
export function meanSquaredError(a: usize, b: usize, out: usize, length: i32, begin: i32, end: i32): void {
  if (begin === end) return
  let sum0 = f32x4.splat(0)
  let sum1 = sum0
  let sum2 = sum0
  let sum3 = sum0
  let at: usize = 0
  let rest = length
  for (; rest >= 16; rest -= 16, at += 64) {
    sum0 = f32x4.add(sum0, squares(v128.load(a + at), v128.load(b + at)))
    sum1 = f32x4.add(sum1, squares(v128.load(a + at, 16), v128.load(b + at, 16)))
    sum2 = f32x4.add(sum2, squares(v128.load(a + at, 32), v128.load(b + at, 32)))
    sum3 = f32x4.add(sum3, squares(v128.load(a + at, 48), v128.load(b + at, 48)))
  }
  if (rest > 0) sum0 = f32x4.add(sum0, partSquares(a + at, b + at, rest))
  if (rest > 4) sum1 = f32x4.add(sum1, partSquares(a + at + 16, b + at + 16, rest - 4))
  if (rest > 8) sum2 = f32x4.add(sum2, partSquares(a + at + 32, b + at + 32, rest - 8))
  if (rest > 12) sum3 = f32x4.add(sum3, partSquares(a + at + 48, b + at + 48, rest - 12))
  store<f32>(out, foldLanes(sum0, sum1, sum2, sum3) / <f32>length)
}

/** Mirrors meanSquaredErrorGrad of kernels/meanSquaredError.ts for arrays of `length` elements; units are elements. */
export function meanSquaredErrorGrad(
  a: usize,
  b: usize,
  gradOut: usize,
  gradA: usize,
  length: i32,
  begin: i32,
  end: i32,
): void {
  const factor: f32 = (2 * load<f32>(gradOut)) / <f32>length
  const factors = f32x4.splat(factor)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradA + at, f32x4.mul(f32x4.sub(v128.load(a + at), v128.load(b + at)), factors))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(gradA + at, (load<f32>(a + at) - load<f32>(b + at)) * factor)
  }
}

function squares(a: v128, b: v128): v128 {
  const difference = f32x4.sub(a, b)
  return f32x4.mul(difference, difference)
}

/** Of the first `count` elements, at most 4, then zeros. */
function partSquares(a: usize, b: usize, count: i32): v128 {
  return squares(loadPart(a, count), loadPart(b, count))
}
