import { loadDoubles, storeDoubles } from './doubles'
import { sigmoid as sigmoidOf } from './transcendental/sigmoid'

/** Mirrors kernels/sigmoid.ts; units are elements. */
export function sigmoid(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    storeDoubles(out + at, sigmoidOf(loadDoubles(x + at, count), table), count)
  }
}

/** Mirrors sigmoidGrad of kernels/sigmoid.ts; units are elements. */
export function sigmoidGrad(y: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  const one = f64x2.splat(1)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(y + at, count)
    const slope = f64x2.mul(v, f64x2.sub(one, v))
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), slope), count)
  }
}
