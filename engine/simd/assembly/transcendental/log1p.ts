import { log } from './log'

/** Mirrors kernels/transcendental/log1p.ts on two doubles from 0 on. */
export function log1p(x: v128, table: usize): v128 {
  const one = v128.load_splat<f64>(table, 112)
  const w = f64x2.add(one, x)
  return f64x2.add(log(w, table), f64x2.div(f64x2.sub(x, f64x2.sub(w, one)), w))
}
