import { loadDoubles, storeDoubles } from './doubles'
import { sigmoid as sigmoidOf } from './transcendental/sigmoid'
import { softplus as softplusOf } from './transcendental/softplus'

/** Mirrors kernels/softplus.ts; units are elements. */
export function softplus(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    storeDoubles(out + at, softplusOf(loadDoubles(x + at, count), table), count)
  }
}

/** Mirrors softplusGrad of kernels/softplus.ts; units are elements. */
export function softplusGrad(x: usize, gradOut: usize, gradX: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const slope = sigmoidOf(loadDoubles(x + at, count), table)
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), slope), count)
  }
}
