import { loadDoubles, storeDoubles } from './doubles'
import { tanh as tanhOf } from './transcendental/tanh'

/** Mirrors kernels/tanh.ts; units are elements. */
export function tanh(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    storeDoubles(out + at, tanhOf(loadDoubles(x + at, count), table), count)
  }
}

/** Mirrors tanhGrad of kernels/tanh.ts; units are elements. */
export function tanhGrad(y: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  const one = f64x2.splat(1)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(y + at, count)
    const slope = f64x2.sub(one, f64x2.mul(v, v))
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), slope), count)
  }
}
