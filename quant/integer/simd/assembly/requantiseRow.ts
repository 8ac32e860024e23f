import { f32HalfEven } from './f32HalfEven'
import { f32HalfEvenOffset } from './f32HalfEvenOffset'
import { f64HalfAway } from './f64HalfAway'
import { f64HalfEvenZeroInside } from './f64HalfEvenZeroInside'
import { q31Double } from './q31Double'
import { q31Single } from './q31Single'
import { q31Vector } from './q31Vector'
import { rndnu } from './rndnu'
import { shiftHalfUp } from './shiftHalfUp'
import { toReal } from './toReal'

/**
 * Mirrors storeRow of requantise/storeRow.ts. `kind` is its place in requantiserKinds; scale (f64), multiplier and
 * shift (i32) are arrays of which entry `c` counts. The kind behind the last is 'f32-half-even' with offsets: `multiplier` then
 * holds f32. The one behind that, 9, makes real numbers: low and high are then the bits of f32, and a number takes 4 bytes of `out`.
 */
export function requantiseRow(
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  c: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  acc: usize,
  count: i32,
  out: usize,
  outStride: i32,
): void {
  const s = load<f64>(scale + ((<usize>c) << 3))
  const m = load<i32>(multiplier + ((<usize>c) << 2))
  const e = load<i32>(shift + ((<usize>c) << 2))
  if (kind === 0) q31Single(acc, count, m, e, zeroPoint, low, high, out, outStride)
  else if (kind === 1) q31Double(acc, count, m, e, zeroPoint, low, high, out, outStride)
  else if (kind === 2) shiftHalfUp(acc, count, e, zeroPoint, low, high, out, outStride)
  else if (kind === 3) f64HalfAway(acc, count, s, zeroPoint, low, high, out, outStride)
  else if (kind === 4) f32HalfEven(acc, count, <f32>s, zeroPoint, low, high, out, outStride)
  else if (kind === 5) q31Vector(acc, count, m, e, zeroPoint, low, high, out, outStride)
  else if (kind === 6) rndnu(acc, count, m, e, zeroPoint, low, high, out, outStride)
  else if (kind === 7) f64HalfEvenZeroInside(acc, count, s, zeroPoint, low, high, out, outStride)
  else if (kind === 8) f32HalfEvenOffset(acc, count, <f32>s, reinterpret<f32>(m), zeroPoint, low, high, out, outStride)
  else {
    const least = reinterpret<f32>(low)
    toReal(acc, count, <f32>s, reinterpret<f32>(m), least, reinterpret<f32>(high), out, outStride)
  }
}

/** The row [begin, end) of one channel; units are sums. */
export function requantise(
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  c: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  acc: usize,
  out: usize,
  outStride: i32,
  begin: i32,
  end: i32,
): void {
  const from = acc + ((<usize>begin) << 2)
  const to = out + <usize>(begin * outStride)
  requantiseRow(kind, scale, multiplier, shift, c, zeroPoint, low, high, from, end - begin, to, outStride)
}
