import { roundHalfEven } from './f32HalfEven'
import { roundHalfAway, upperDoubles } from './f64HalfAway'
import { multiplyQ31Double, remainderMask } from './q31Double'
import { roundShift } from './shiftHalfUp'
import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/** Four codes minus their zero point. */
export function offsets(x: usize, zero: v128): v128 {
  const wide = i16x8.extend_low_i8x16_s(v128.load32_zero(x))
  return i32x4.sub(i32x4.extend_low_i16x8_s(wide), zero)
}

/** One input's term of four sums of addQ31. */
function term(x: usize, zero: v128, leftShift: i32, factor: v128, shift: i32, half: v128, mask: v128): v128 {
  return multiplyQ31Double(i32x4.shl(offsets(x, zero), leftShift), factor, shift, half, mask)
}

/** The codes of four sums of addQ31. */
function rescaled(
  sums: v128,
  factor: v128,
  shift: i32,
  half: v128,
  mask: v128,
  zero: v128,
  least: v128,
  most: v128,
): v128 {
  return toCodes(multiplyQ31Double(sums, factor, shift, half, mask), zero, least, most)
}

/** Mirrors addQ31 of kernels/add.ts; units are codes. May read up to three codes more, as all of these. */
export function addQ31(
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
  const maskA = remainderMask(ea)
  const maskB = remainderMask(eb)
  const mask = remainderMask(outputShift)
  const half = i64x2.splat(1 << 30)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const p = a + <usize>i
    const q = b + <usize>i
    const a0 = term(p, zeroA, leftShift, factorA, ea, half, maskA)
    const b0 = term(q, zeroB, leftShift, factorB, eb, half, maskB)
    const first = rescaled(i32x4.add(a0, b0), factor, outputShift, half, mask, zero, least, most)
    const a1 = term(p + 4, zeroA, leftShift, factorA, ea, half, maskA)
    const b1 = term(q + 4, zeroB, leftShift, factorB, eb, half, maskB)
    const second = rescaled(i32x4.add(a1, b1), factor, outputShift, half, mask, zero, least, most)
    const a2 = term(p + 8, zeroA, leftShift, factorA, ea, half, maskA)
    const b2 = term(q + 8, zeroB, leftShift, factorB, eb, half, maskB)
    const third = rescaled(i32x4.add(a2, b2), factor, outputShift, half, mask, zero, least, most)
    const a3 = term(p + 12, zeroA, leftShift, factorA, ea, half, maskA)
    const b3 = term(q + 12, zeroB, leftShift, factorB, eb, half, maskB)
    const fourth = rescaled(i32x4.add(a3, b3), factor, outputShift, half, mask, zero, least, most)
    storeSixteen(first, second, third, fourth, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const x = term(a + <usize>i, zeroA, leftShift, factorA, ea, half, maskA)
    const y = term(b + <usize>i, zeroB, leftShift, factorB, eb, half, maskB)
    const codes = rescaled(i32x4.add(x, y), factor, outputShift, half, mask, zero, least, most)
    storeCodes(codes, out + <usize>i, 1, end - i)
  }
}

/** Four aligned sums of addShift. */
function aligned(a: usize, b: usize, zeroA: v128, zeroB: v128, leftA: i32, leftB: i32): v128 {
  return i32x4.add(i32x4.shl(offsets(a, zeroA), leftA), i32x4.shl(offsets(b, zeroB), leftB))
}

/** Mirrors addShift of kernels/add.ts; units are codes. */
export function addShift(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  leftA: i32,
  leftB: i32,
  rightShift: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const p = a + <usize>i
    const q = b + <usize>i
    const first = toCodes(roundShift(aligned(p, q, zeroA, zeroB, leftA, leftB), rightShift), zero, least, most)
    const second = toCodes(roundShift(aligned(p + 4, q + 4, zeroA, zeroB, leftA, leftB), rightShift), zero, least, most)
    const third = toCodes(roundShift(aligned(p + 8, q + 8, zeroA, zeroB, leftA, leftB), rightShift), zero, least, most)
    const fourth = toCodes(
      roundShift(aligned(p + 12, q + 12, zeroA, zeroB, leftA, leftB), rightShift),
      zero,
      least,
      most,
    )
    storeSixteen(first, second, third, fourth, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const codes = toCodes(
      roundShift(aligned(a + <usize>i, b + <usize>i, zeroA, zeroB, leftA, leftB), rightShift),
      zero,
      least,
      most,
    )
    storeCodes(codes, out + <usize>i, 1, end - i)
  }
}

/** Four rounded sums of addF64. */
function weighted(a: usize, b: usize, zeroA: v128, zeroB: v128, ra: v128, rb: v128): v128 {
  const x = offsets(a, zeroA)
  const y = offsets(b, zeroB)
  const first = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(x), ra), f64x2.mul(f64x2.convert_low_i32x4_s(y), rb))
  return roundHalfAway(first, f64x2.add(f64x2.mul(upperDoubles(x), ra), f64x2.mul(upperDoubles(y), rb)))
}

/** Mirrors addF64 of kernels/add.ts; units are codes. */
export function addF64(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  ratioA: f64,
  ratioB: f64,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  const ra = f64x2.splat(ratioA)
  const rb = f64x2.splat(ratioB)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const p = a + <usize>i
    const q = b + <usize>i
    const first = toCodes(weighted(p, q, zeroA, zeroB, ra, rb), zero, least, most)
    const second = toCodes(weighted(p + 4, q + 4, zeroA, zeroB, ra, rb), zero, least, most)
    const third = toCodes(weighted(p + 8, q + 8, zeroA, zeroB, ra, rb), zero, least, most)
    const fourth = toCodes(weighted(p + 12, q + 12, zeroA, zeroB, ra, rb), zero, least, most)
    storeSixteen(first, second, third, fourth, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const codes = toCodes(weighted(a + <usize>i, b + <usize>i, zeroA, zeroB, ra, rb), zero, least, most)
    storeCodes(codes, out + <usize>i, 1, end - i)
  }
}

/** Four quotients of addQdq. */
function dequantised(a: usize, b: usize, zeroA: v128, zeroB: v128, sa: v128, sb: v128, so: v128, before: v128): v128 {
  const x = f32x4.mul(f32x4.convert_i32x4_s(offsets(a, zeroA)), sa)
  const y = f32x4.mul(f32x4.convert_i32x4_s(offsets(b, zeroB)), sb)
  return f32x4.add(f32x4.div(f32x4.add(x, y), so), before)
}

/** Mirrors addQdq of kernels/add.ts; units are codes. */
export function addQdq(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  scaleA: f32,
  scaleB: f32,
  outputScale: f32,
  addedBefore: f32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i32x4.splat(za)
  const zeroB = i32x4.splat(zb)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  const sa = f32x4.splat(scaleA)
  const sb = f32x4.splat(scaleB)
  const so = f32x4.splat(outputScale)
  const before = f32x4.splat(addedBefore)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const p = a + <usize>i
    const q = b + <usize>i
    const first = roundHalfEven(dequantised(p, q, zeroA, zeroB, sa, sb, so, before), magic, least, most)
    const second = roundHalfEven(dequantised(p + 4, q + 4, zeroA, zeroB, sa, sb, so, before), magic, least, most)
    const third = roundHalfEven(dequantised(p + 8, q + 8, zeroA, zeroB, sa, sb, so, before), magic, least, most)
    const fourth = roundHalfEven(dequantised(p + 12, q + 12, zeroA, zeroB, sa, sb, so, before), magic, least, most)
    storeSixteen(first, second, third, fourth, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const codes = roundHalfEven(
      dequantised(a + <usize>i, b + <usize>i, zeroA, zeroB, sa, sb, so, before),
      magic,
      least,
      most,
    )
    storeCodes(codes, out + <usize>i, 1, end - i)
  }
}
