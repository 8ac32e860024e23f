import type { TypedArray } from '../base/dtype.ts'

/**
 * Padding of every mode as one gather. `sources` holds, axis after axis, for each index of an output axis the offset in
 * `x` that it takes its element from (source index times stride), or -1 for outside; `shape` are the output's extents,
 * at least one.
 * out[i0, i1, ...] = x[the sum of the offsets], or `value` where any is -1. Bits are copied.
 */
export function pad<T extends TypedArray>(x: T, shape: Int32Array, sources: Int32Array, value: number, out: T): void {
  const columns = shape[shape.length - 1]
  const last = sources.length - columns
  const index = new Int32Array(shape.length)
  for (let begin = 0; begin < out.length; begin += columns) {
    const row = rowOffset(shape, sources, index)
    if (row < 0) out.fill(value, begin, begin + columns)
    else {
      for (let column = 0; column < columns; column++) {
        const source = sources[last + column]
        out[begin + column] = source < 0 ? value : x[row + source]
      }
    }
    advance(shape, index)
  }
}

/**
 * The gradient of `pad`: gradX[source] = the sum of gradOut over the places that it was copied to, one f32 accumulator
 * from +0, in ascending order of output elements.
 */
export function padGrad(gradOut: Float32Array, shape: Int32Array, sources: Int32Array, gradX: Float32Array): void {
  gradX.fill(0)
  const columns = shape[shape.length - 1]
  const last = sources.length - columns
  const index = new Int32Array(shape.length)
  for (let begin = 0; begin < gradOut.length; begin += columns) {
    const row = rowOffset(shape, sources, index)
    for (let column = 0; row >= 0 && column < columns; column++) {
      const source = sources[last + column]
      if (source >= 0) gradX[row + source] += gradOut[begin + column]
    }
    advance(shape, index)
  }
}

/** The offset in `x` that a row of the output begins to count from, -1 where the row lies outside. */
function rowOffset(shape: Int32Array, sources: Int32Array, index: Int32Array): number {
  let offset = 0
  let begin = 0
  for (let axis = 0; axis < shape.length - 1; axis++) {
    const source = sources[begin + index[axis]]
    if (source < 0) return -1
    offset += source
    begin += shape[axis]
  }
  return offset
}

/** Moves `index` to the next row: every axis but the last counts, the last but one fastest. */
function advance(shape: Int32Array, index: Int32Array): void {
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    if (++index[axis] < shape[axis]) return
    index[axis] = 0
  }
}
