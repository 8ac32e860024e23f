/**
 * float32 values two at a time as doubles, for kernels that are evaluated in double and rounded once. `count` is 2, or 1
 * for the last of an odd number: the second double then stands for a float32 of 0. `table` holds the constants of
 * bindings/constants.ts.
 */

import { exp } from './transcendental/exp'
import { log } from './transcendental/log'

/** The float32 values at `at`. */
export function loadDoubles(at: usize, count: i32): v128 {
  return f64x2.promote_low_f32x4(count === 2 ? v128.load_zero<f64>(at) : v128.load_zero<f32>(at))
}

/** Stores doubles as float32 values, rounded once. */
export function storeDoubles(at: usize, x: v128, count: i32): void {
  const rounded = f32x4.demote_f64x2_zero(x)
  if (count === 2) v128.store_lane<f64>(at, rounded, 0)
  else v128.store_lane<f32>(at, rounded, 0)
}

/** The exponentials of four float32 values, each rounded to float32 once. */
export function exp4(x: v128, table: usize): v128 {
  return join(exp(f64x2.promote_low_f32x4(x), table), exp(f64x2.promote_low_f32x4(upper(x)), table))
}

/** The logarithms of four float32 values, each rounded to float32 once. */
export function log4(x: v128, table: usize): v128 {
  return join(log(f64x2.promote_low_f32x4(x), table), log(f64x2.promote_low_f32x4(upper(x)), table))
}

function upper(x: v128): v128 {
  return v128.shuffle<f64>(x, x, 1, 1)
}

function join(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2)
}
