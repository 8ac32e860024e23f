import { storeCodes, storeSixteen } from './storeCodes'

/** Four f32 to integers: mode 0 ties to even, 1 away from zero, 2 up, 3 floor. */
function round(v: v128, mode: i32): v128 {
  if (mode === 0) return f32x4.nearest(v)
  if (mode === 1) {
    const t = f32x4.trunc(v)
    const isAway = f32x4.ge(f32x4.abs(f32x4.sub(v, t)), f32x4.splat(0.5))
    const one = v128.or(v128.and(v, f32x4.splat(-0.0)), f32x4.splat(1))
    return f32x4.add(t, v128.and(isAway, one))
  }
  const f = f32x4.floor(v)
  if (mode === 3) return f
  return f32x4.add(f, v128.and(f32x4.ge(f32x4.sub(v, f), f32x4.splat(0.5)), f32x4.splat(1)))
}

/** The codes of four numbers; `least` and `most` are f32 offsets from the zero point, `zero` is int32. */
function four(x: usize, scale: v128, mode: i32, least: v128, most: v128, zero: v128): v128 {
  const v = f32x4.div(v128.load(x), scale)
  const number = v128.and(v, f32x4.eq(v, v))
  const limited = f32x4.pmin(f32x4.pmax(round(number, mode), least), most)
  return i32x4.add(i32x4.trunc_sat_f32x4_s(limited), zero)
}

/** Mirrors quantiseCodes of kernels/quantise.ts; units are numbers. NaN becomes the zero point. May read up to three more. */
export function quantiseCodes(
  x: usize,
  scale: f32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  mode: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const s = f32x4.splat(scale)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const zero = i32x4.splat(zeroPoint)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const at = x + ((<usize>i) << 2)
    const a = four(at, s, mode, least, most, zero)
    const b = four(at + 16, s, mode, least, most, zero)
    const c = four(at + 32, s, mode, least, most, zero)
    const d = four(at + 48, s, mode, least, most, zero)
    storeSixteen(a, b, c, d, out + <usize>i)
  }
  for (; i < end; i += 4) {
    const codes = four(x + ((<usize>i) << 2), s, mode, least, most, zero)
    storeCodes(codes, out + <usize>i, 1, end - i)
  }
}

/** Mirrors dequantiseCodes of kernels/quantise.ts; units are codes. */
export function dequantiseCodes(x: usize, scale: f32, zeroPoint: i32, out: usize, begin: i32, end: i32): void {
  const s = f32x4.splat(scale)
  const zero = i32x4.splat(zeroPoint)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const wide = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x + <usize>i)))
    v128.store(out + ((<usize>i) << 2), f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(wide, zero)), s))
  }
  for (; i < end; i++) {
    store<f32>(out + ((<usize>i) << 2), <f32>(<i32>load<i8>(x + <usize>i) - zeroPoint) * scale)
  }
}
