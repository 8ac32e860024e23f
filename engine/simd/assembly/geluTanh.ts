import { loadDoubles, storeDoubles } from './doubles'
import { sigmoid as sigmoidOf } from './transcendental/sigmoid'

/** Mirrors kernels/geluTanh.ts; units are elements. */
export function geluTanh(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(x + at, count)
    storeDoubles(out + at, f64x2.mul(v, gate(v, f64x2.mul(v, v), table)), count)
  }
}

/** Mirrors geluTanhGrad of kernels/geluTanh.ts; units are elements. */
export function geluTanhGrad(x: usize, gradOut: usize, gradX: usize, table: usize, begin: i32, end: i32): void {
  const one = v128.load_splat<f64>(table, 112)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(x + at, count)
    const square = f64x2.mul(v, v)
    const s = gate(v, square, table)
    const cubic = f64x2.add(one, f64x2.mul(v128.load_splat<f64>(table, 472), square))
    const slope = f64x2.mul(v128.load_splat<f64>(table, 456), cubic)
    const rest = f64x2.mul(f64x2.mul(v, slope), f64x2.sub(one, s))
    const gradient = f64x2.mul(s, f64x2.add(one, rest))
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), gradient), count)
  }
}

/** The sigmoid of 2 sqrt(2 / pi) (x + 0.044715 x^3). */
function gate(x: v128, square: v128, table: usize): v128 {
  const cubic = f64x2.add(v128.load_splat<f64>(table, 112), f64x2.mul(v128.load_splat<f64>(table, 464), square))
  return sigmoidOf(f64x2.mul(v128.load_splat<f64>(table, 456), f64x2.mul(x, cubic)), table)
}
