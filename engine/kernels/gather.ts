import type { TypedArray } from '../base/dtype.ts'

/**
 * out `[outer, indices, inner]` = the lines of x `[outer, extent, inner]` at `indices` of its middle axis, each in
 * [0, extent). Bits are copied.
 */
export function gather<T extends TypedArray>(
  x: T,
  indices: Int32Array,
  outer: number,
  extent: number,
  inner: number,
  out: T,
): void {
  let to = 0
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < indices.length; k++) {
      const from = (i * extent + indices[k]) * inner
      for (let j = 0; j < inner; j++) out[to++] = x[from + j]
    }
  }
}

/**
 * The gradient of `gather`: gradX `[outer, extent, inner]` = the sum of gradOut over the places that an element was
 * copied to, one f32 accumulator from +0, in ascending order of indices.
 */
export function gatherGrad(
  gradOut: Float32Array,
  indices: Int32Array,
  outer: number,
  extent: number,
  inner: number,
  gradX: Float32Array,
): void {
  gradX.fill(0)
  let from = 0
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < indices.length; k++) {
      const to = (i * extent + indices[k]) * inner
      for (let j = 0; j < inner; j++) gradX[to + j] += gradOut[from++]
    }
  }
}
