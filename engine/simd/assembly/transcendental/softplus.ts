import { exp } from './exp'
import { log1p } from './log1p'

/** Mirrors kernels/transcendental/softplus.ts on two doubles. */
export function softplus(x: v128, table: usize): v128 {
  return f64x2.add(f64x2.max(x, f64x2.splat(0)), log1p(exp(f64x2.neg(f64x2.abs(x)), table), table))
}
