import { loadPart, storePart } from './part'
import { sumRun } from './sumLanes'

/** Mirrors kernels/reduceSum.ts; units are elements of the result. */
export function reduceSum(x: usize, out: usize, extent: i32, inner: i32, begin: i32, end: i32): void {
  if (inner === 1) {
    for (let i = begin; i < end; i++) {
      store<f32>(out + ((<usize>i) << 2), sumRun(x + ((<usize>i * <usize>extent) << 2), extent))
    }
    return
  }
  const stride = (<usize>inner) << 2
  for (let i = begin; i < end; ) {
    const column = i % inner
    const count = min<i32>(inner - column, end - i)
    let from = x + ((<usize>(i / inner) * <usize>extent * <usize>inner + <usize>column) << 2)
    let to = out + ((<usize>i) << 2)
    let rest = count
    for (; rest >= 16; rest -= 16, from += 64, to += 64) {
      let sum0 = f32x4.splat(0)
      let sum1 = sum0
      let sum2 = sum0
      let sum3 = sum0
      let at = from
      for (let k = 0; k < extent; k++, at += stride) {
        sum0 = f32x4.add(sum0, v128.load(at))
        sum1 = f32x4.add(sum1, v128.load(at, 16))
        sum2 = f32x4.add(sum2, v128.load(at, 32))
        sum3 = f32x4.add(sum3, v128.load(at, 48))
      }
      v128.store(to, sum0)
      v128.store(to, sum1, 16)
      v128.store(to, sum2, 32)
      v128.store(to, sum3, 48)
    }
    for (; rest > 0; rest -= 4, from += 16, to += 16) {
      let sum = f32x4.splat(0)
      let at = from
      for (let k = 0; k < extent; k++, at += stride) sum = f32x4.add(sum, loadPart(at, rest))
      storePart(to, sum, rest)
    }
    i += count
  }
}

/** Mirrors reduceSumGrad of kernels/reduceSum.ts; units are runs of `inner` elements of gradX. */
export function reduceSumGrad(gradOut: usize, gradX: usize, extent: i32, inner: i32, begin: i32, end: i32): void {
  const run = (<usize>inner) << 2
  let to = gradX + <usize>begin * run
  for (let line = begin; line < end; line++, to += run) {
    const from = gradOut + <usize>(line / extent) * run
    if (inner === 1) store<f32>(to, load<f32>(from))
    else
      for (let j = 0; j < inner; j += 4) {
        const at = (<usize>j) << 2
        storePart(to + at, loadPart(from + at, inner - j), inner - j)
      }
  }
}
