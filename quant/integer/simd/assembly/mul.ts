import { roundHalfEven } from './f32HalfEven'
import { requantiseRow } from './requantiseRow'
import { storeCodes, storeSixteen } from './storeCodes'

/** Eight codes minus their zero point as int16, from the lower half of sixteen codes. */
function lowerOffsets(codes: v128, zero: v128): v128 {
  return i16x8.sub(i16x8.extend_low_i8x16_s(codes), zero)
}

/** The same from the upper half. */
function upperOffsets(codes: v128, zero: v128): v128 {
  return i16x8.sub(i16x8.extend_high_i8x16_s(codes), zero)
}

/** Four products of offsets. */
function products(a: usize, b: usize, zeroA: v128, zeroB: v128): v128 {
  return i32x4.extmul_low_i16x8_s(lowerOffsets(v128.load32_zero(a), zeroA), lowerOffsets(v128.load32_zero(b), zeroB))
}

/** Mirrors mulRequantise of kernels/mul.ts; units are codes. May read up to three codes or sums more, as all of these. */
export function mulRequantise(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  sums: usize,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i16x8.splat(<i16>za)
  const zeroB = i16x8.splat(<i16>zb)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const at = sums + ((<usize>i) << 2)
    const p = v128.load(a + <usize>i)
    const q = v128.load(b + <usize>i)
    const p0 = lowerOffsets(p, zeroA)
    const q0 = lowerOffsets(q, zeroB)
    const p1 = upperOffsets(p, zeroA)
    const q1 = upperOffsets(q, zeroB)
    v128.store(at, i32x4.extmul_low_i16x8_s(p0, q0))
    v128.store(at, i32x4.extmul_high_i16x8_s(p0, q0), 16)
    v128.store(at, i32x4.extmul_low_i16x8_s(p1, q1), 32)
    v128.store(at, i32x4.extmul_high_i16x8_s(p1, q1), 48)
  }
  for (; i < end; i++) {
    const x = <i32>load<i8>(a + <usize>i) - za
    store<i32>(sums + ((<usize>i) << 2), x * (<i32>load<i8>(b + <usize>i) - zb))
  }
  const from = sums + ((<usize>begin) << 2)
  const to = out + <usize>begin
  requantiseRow(kind, scale, multiplier, shift, 0, zeroPoint, low, high, from, end - begin, to, 1)
}

/** Four results of mulZeroInside. */
function scaled(a: usize, b: usize, zeroA: v128, zeroB: v128, ratio: v128, before: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(products(a, b, zeroA, zeroB)), ratio), before)
}

/** Mirrors mulZeroInside of kernels/mul.ts; units are codes. */
export function mulZeroInside(
  a: usize,
  b: usize,
  za: i32,
  zb: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  factor: f32,
  addedBefore: f32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const zeroA = i16x8.splat(<i16>za)
  const zeroB = i16x8.splat(<i16>zb)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  const ratio = f32x4.splat(factor)
  const before = f32x4.splat(addedBefore)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const p = a + <usize>i
    const q = b + <usize>i
    const first = roundHalfEven(scaled(p, q, zeroA, zeroB, ratio, before), magic, least, most)
    const second = roundHalfEven(scaled(p + 4, q + 4, zeroA, zeroB, ratio, before), magic, least, most)
    const third = roundHalfEven(scaled(p + 8, q + 8, zeroA, zeroB, ratio, before), magic, least, most)
    const fourth = roundHalfEven(scaled(p + 12, q + 12, zeroA, zeroB, ratio, before), magic, least, most)
    storeSixteen(first, second, third, fourth, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const v = scaled(a + <usize>i, b + <usize>i, zeroA, zeroB, ratio, before)
    storeCodes(roundHalfEven(v, magic, least, most), out + <usize>i, 1, end - i)
  }
}

/** Four f32 numbers: codes minus their zero point by a scale. */
function dequantised(x: usize, zero: v128, scale: v128): v128 {
  const wide = i32x4.extend_low_i16x8_s(lowerOffsets(v128.load32_zero(x), zero))
  return f32x4.mul(f32x4.convert_i32x4_s(wide), scale)
}

/** Four results of mulQdq. */
function quotients(a: usize, b: usize, zeroA: v128, zeroB: v128, sa: v128, sb: v128, so: v128, before: v128): v128 {
  const product = f32x4.mul(dequantised(a, zeroA, sa), dequantised(b, zeroB, sb))
  return f32x4.add(f32x4.div(product, so), before)
}

/** Mirrors mulQdq of kernels/mul.ts; units are codes. */
export function mulQdq(
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
  const zeroA = i16x8.splat(<i16>za)
  const zeroB = i16x8.splat(<i16>zb)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  const sa = f32x4.splat(scaleA)
  const sb = f32x4.splat(scaleB)
  const so = f32x4.splat(outputScale)
  const before = f32x4.splat(addedBefore)
  for (let i = begin; i < end; i += 4) {
    const v = quotients(a + <usize>i, b + <usize>i, zeroA, zeroB, sa, sb, so, before)
    storeCodes(roundHalfEven(v, magic, least, most), out + <usize>i, 1, end - i)
  }
}
