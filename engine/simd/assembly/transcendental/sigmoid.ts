import { exp } from './exp'

/** Mirrors kernels/transcendental/sigmoid.ts on two doubles. */
export function sigmoid(x: v128, table: usize): v128 {
  const one = v128.load_splat<f64>(table, 112)
  return f64x2.div(one, f64x2.add(one, exp(f64x2.neg(x), table)))
}
