import { offsets } from './add'
import { roundHalfEven } from './f32HalfEven'
import { upperDoubles } from './f64HalfAway'
import { highProduct } from './q31Single'
import { roundShift } from './shiftHalfUp'
import { storeCodes, toCodes } from './storeCodes'

/** Mirrors addMultiplyShift of kernels/add.ts, 0 <= shift <= 31; units are codes. May read up to three codes more. */
export function addMultiplyShift(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  ma: i32,
  mb: i32,
  shift: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  const factorA = i32x4.splat(ma)
  const factorB = i32x4.splat(mb)
  for (let i = begin; i < end; i += 4) {
    const x = i32x4.mul(offsets(a + <usize>i, zeroA), factorA)
    const y = i32x4.mul(offsets(b + <usize>i, zeroB), factorB)
    storeCodes(toCodes(roundShift(i32x4.add(x, y), shift), zero, least, most), out + <usize>i, 1, end - i)
  }
}

/** S of four int32 by a multiplier and a shift of at most 0: a right shift of 31 or more. */
function single(x: v128, multiplier: v128, shift: i32): v128 {
  const half = i64x2.splat((<i64>1) << (30 - shift))
  return i32x4.shr_s(highProduct(x, multiplier, half, shift === 0 ? 1 : 0), shift === 0 ? 0 : -shift - 1)
}

/** Mirrors addQ31Single of kernels/add.ts, shifts of at most 0; units are codes. */
export function addQ31Single(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  leftShift: i32,
  ma: i32,
  mb: i32,
  ea: i32,
  eb: i32,
  outputMultiplier: i32,
  outputShift: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  const factorA = i32x4.splat(ma)
  const factorB = i32x4.splat(mb)
  const factor = i32x4.splat(outputMultiplier)
  for (let i = begin; i < end; i += 4) {
    const x = single(i32x4.shl(offsets(a + <usize>i, zeroA), leftShift), factorA, ea)
    const y = single(i32x4.shl(offsets(b + <usize>i, zeroB), leftShift), factorB, eb)
    const sum = single(i32x4.add(x, y), factor, outputShift)
    storeCodes(toCodes(sum, zero, least, most), out + <usize>i, 1, end - i)
  }
}

/**
 * Mirrors kernels/fusedMultiplyAdd.ts for two: a, b and c are f32 numbers as f64; the result is an f32 in lanes 0 and 1. The sum's last bit is
 * made 1 where it is inexact: one unit towards the error's side.
 */
function fusedTwo(a: v128, b: v128, c: v128): v128 {
  const product = f64x2.mul(a, b)
  const sum = f64x2.add(product, c)
  const back = f64x2.sub(sum, product)
  const error = f64x2.add(f64x2.sub(product, f64x2.sub(sum, back)), f64x2.sub(c, back))
  const one = i64x2.splat(1)
  const isEven = i64x2.eq(v128.and(sum, one), i64x2.splat(0))
  const isInexact = f64x2.ne(error, f64x2.splat(0))
  // 1 where the error points away from zero as seen from the sum, -1 where towards it.
  const direction = v128.or(i64x2.shr_s(v128.xor(error, sum), 63), one)
  return f32x4.demote_f64x2_zero(i64x2.add(sum, v128.and(direction, v128.and(isEven, isInexact))))
}

/** fma(x, ra, fma(y, rb, fixed)) of two codes as doubles. */
function nested(x: v128, y: v128, ra: v128, rb: v128, fixed: v128): v128 {
  return fusedTwo(x, ra, f64x2.promote_low_f32x4(fusedTwo(y, rb, fixed)))
}

/** Mirrors addFma of kernels/add.ts; units are codes. */
export function addFma(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  ratioA: f64,
  ratioB: f64,
  constant: f64,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  const ra = f64x2.splat(ratioA)
  const rb = f64x2.splat(ratioB)
  const fixed = f64x2.splat(constant)
  for (let i = begin; i < end; i += 4) {
    const x = offsets(a + <usize>i, zeroA)
    const y = offsets(b + <usize>i, zeroB)
    const first = nested(f64x2.convert_low_i32x4_s(x), f64x2.convert_low_i32x4_s(y), ra, rb, fixed)
    const second = nested(upperDoubles(x), upperDoubles(y), ra, rb, fixed)
    const v = v128.shuffle<i32>(first, second, 0, 1, 4, 5)
    storeCodes(roundHalfEven(v, magic, least, most), out + <usize>i, 1, end - i)
  }
}
