import { q31Single } from './q31Single'

/** Mirrors requantise/rndnu.ts; may read up to three sums more. */
export function rndnu(
  acc: usize,
  count: i32,
  multiplier: i32,
  shift: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  outStride: i32,
): void {
  q31Single(acc, count, multiplier << 7, 24 - shift, zeroPoint, low, high, out, outStride)
}
