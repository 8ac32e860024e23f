import { exp } from './exp'

/** Mirrors kernels/transcendental/tanh.ts on two doubles; offsets into `table` are those of bindings/constants.ts. */
export function tanh(x: v128, table: usize): v128 {
  const one = v128.load_splat<f64>(table, 112)
  const a = f64x2.abs(x)
  const z = f64x2.mul(x, x)
  let sum = v128.load_splat<f64>(table, 400)
  sum = f64x2.sub(f64x2.mul(sum, z), v128.load_splat<f64>(table, 408))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 416))
  sum = f64x2.sub(f64x2.mul(sum, z), v128.load_splat<f64>(table, 224))
  const series = f64x2.mul(x, f64x2.add(one, f64x2.mul(sum, z)))
  // a + a is 2 a.
  const e = exp(f64x2.add(a, a), table)
  const y = f64x2.sub(one, f64x2.div(v128.load_splat<f64>(table, 432), f64x2.add(e, one)))
  const signed = v128.bitselect(f64x2.neg(y), y, f64x2.lt(x, f64x2.splat(0)))
  return v128.bitselect(series, signed, f64x2.lt(a, v128.load_splat<f64>(table, 424)))
}
