/**
 * Mirrors kernels/transcendental/log.ts on two doubles that are not subnormal: what a float32 becomes never is, nor is
 * any number from 1 on. Offsets into `table` are those of bindings/constants.ts.
 */
export function log(x: v128, table: usize): v128 {
  // x = 2^exponent m: the exponent's bits become a double as the lowest bits of 2^52, m keeps x's mantissa.
  const one = v128.load_splat<f64>(table, 112)
  const biased = v128.or(i64x2.shr_u(x, 52), v128.load_splat<f64>(table, 144))
  const exponent = f64x2.sub(biased, v128.load_splat<f64>(table, 152))
  const whole = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), one)
  const upper = f64x2.gt(whole, v128.load_splat<f64>(table, 160))
  const m = v128.bitselect(f64x2.mul(whole, v128.load_splat<f64>(table, 104)), whole, upper)
  const k = f64x2.add(exponent, v128.and(one, upper))

  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one))
  const z = f64x2.mul(s, s)
  let sum = v128.load_splat<f64>(table, 168)
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 176))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 184))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 192))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 200))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 208))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 216))
  sum = f64x2.add(f64x2.mul(sum, z), v128.load_splat<f64>(table, 224))
  sum = f64x2.add(f64x2.mul(sum, z), one)
  // s + s is 2 s.
  const result = f64x2.add(f64x2.mul(k, v128.load_splat<f64>(table, 232)), f64x2.mul(f64x2.add(s, s), sum))

  const zero = f64x2.splat(0)
  const infinity = v128.load_splat<f64>(table, 136)
  const ordinary = v128.bitselect(result, x, f64x2.lt(x, infinity))
  const edge = v128.bitselect(f64x2.neg(infinity), v128.load_splat<f64>(table, 240), f64x2.eq(x, zero))
  return v128.bitselect(ordinary, edge, f64x2.gt(x, zero))
}
