import { loadDoubles, storeDoubles } from './doubles'
import { log as logOf } from './transcendental/log'

/** Mirrors kernels/log.ts; units are elements. */
export function log(x: usize, out: usize, table: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    storeDoubles(out + at, logOf(loadDoubles(x + at, count), table), count)
  }
}

/** Mirrors logGrad of kernels/log.ts; units are elements. */
export function logGrad(x: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, f32x4.div(v128.load(gradOut + at), v128.load(x + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(gradX + at, load<f32>(gradOut + at) / load<f32>(x + at))
  }
}
