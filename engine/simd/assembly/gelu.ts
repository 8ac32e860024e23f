import { loadDoubles, storeDoubles } from './doubles'
import { erfc, erfcx } from './transcendental/erf'
import { exp as expOf } from './transcendental/exp'

/** Mirrors kernels/gelu.ts; units are elements. */
export function gelu(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  const half = v128.load_splat<f64>(table, 104)
  const root = v128.load_splat<f64>(table, 440)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(x + at, count)
    const phi = f64x2.mul(half, erfc(f64x2.mul(f64x2.neg(v), root), table))
    storeDoubles(out + at, f64x2.mul(v, phi), count)
  }
}

/** Mirrors geluGrad of kernels/gelu.ts; units are elements. */
export function geluGrad(x: usize, gradOut: usize, gradX: usize, table: usize, begin: i32, end: i32): void {
  const half = v128.load_splat<f64>(table, 104)
  const root = v128.load_splat<f64>(table, 440)
  const density = v128.load_splat<f64>(table, 448)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(x + at, count)
    const e = expOf(f64x2.mul(f64x2.neg(half), f64x2.mul(v, v)), table)
    const tail = f64x2.mul(half, f64x2.mul(e, erfcx(f64x2.mul(f64x2.abs(v), root), table)))
    const upper = f64x2.sub(v128.load_splat<f64>(table, 112), tail)
    const phi = v128.bitselect(tail, upper, f64x2.lt(v, f64x2.splat(0)))
    const slope = f64x2.add(phi, f64x2.mul(v, f64x2.mul(e, density)))
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), slope), count)
  }
}
