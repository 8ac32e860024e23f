import { loadDoubles, storeDoubles } from './doubles'
import { exp as expOf } from './transcendental/exp'

/** Mirrors kernels/exp.ts; units are elements. */
export function exp(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    storeDoubles(out + at, expOf(loadDoubles(x + at, count), table), count)
  }
}

/** Mirrors expGrad of kernels/exp.ts; units are elements. */
export function expGrad(y: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, f32x4.mul(v128.load(gradOut + at), v128.load(y + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(gradX + at, load<f32>(gradOut + at) * load<f32>(y + at))
  }
}
