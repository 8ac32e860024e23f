import { operandOffset, rowStep, runLength } from './broadcast'

/** Mirrors kernels/subBroadcast.ts, the layout as in broadcast.ts; units are elements of the result. */
export function subBroadcast(a: usize, b: usize, out: usize, layout: usize, begin: i32, end: i32): void {
  const aStep = (<usize>rowStep(layout, 0)) << 2
  const bStep = (<usize>rowStep(layout, 1)) << 2
  for (let at = begin; at < end; ) {
    const length = runLength(layout, at, end)
    let i = a + operandOffset(layout, 0, at)
    let j = b + operandOffset(layout, 1, at)
    let to = out + ((<usize>at) << 2)
    const stop = to + ((<usize>length) << 2)
    for (; to + 16 <= stop; to += 16) {
      const x = aStep ? v128.load(i) : v128.load_splat<f32>(i)
      const y = bStep ? v128.load(j) : v128.load_splat<f32>(j)
      v128.store(to, f32x4.sub(x, y))
      i += aStep << 2
      j += bStep << 2
    }
    for (; to < stop; to += 4) {
      store<f32>(to, load<f32>(i) - load<f32>(j))
      i += aStep
      j += bStep
    }
    at += length
  }
}
