import { exp } from './exp'

/** Mirrors erfcx of kernels/transcendental/erf.ts on two doubles; offsets into `table` are those of bindings/constants.ts. */
export function erfcx(x: v128, table: usize): v128 {
  const a = f64x2.min(x, v128.load_splat<f64>(table, 248))
  let p = v128.load_splat<f64>(table, 256)
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 264))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 272))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 280))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 288))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 296))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 304))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 312))
  p = f64x2.add(f64x2.mul(p, a), v128.load_splat<f64>(table, 320))
  let q = v128.load_splat<f64>(table, 328)
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 336))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 344))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 352))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 360))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 368))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 376))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 384))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 392))
  q = f64x2.add(f64x2.mul(q, a), v128.load_splat<f64>(table, 112))
  return f64x2.div(p, q)
}

/** Mirrors erfc of kernels/transcendental/erf.ts on two doubles. */
export function erfc(x: v128, table: usize): v128 {
  const tail = f64x2.mul(exp(f64x2.mul(f64x2.neg(x), x), table), erfcx(f64x2.abs(x), table))
  const lower = f64x2.sub(v128.load_splat<f64>(table, 432), tail)
  return v128.bitselect(lower, tail, f64x2.lt(x, f64x2.splat(0)))
}
