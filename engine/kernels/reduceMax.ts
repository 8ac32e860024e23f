/**
 * out `[outer, inner]` = the maximum of x `[outer, extent, inner]` over its middle axis, and `indices` where on that axis
 * it first stands. The first NaN counts as the maximum; -0 and +0 are equal, so the first of them is taken. An empty axis
 * gives -Infinity (as in ONNX) and index -1.
 */
export function reduceMax(
  x: Float32Array,
  out: Float32Array,
  indices: Int32Array,
  outer: number,
  extent: number,
  inner: number,
): void {
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * extent * inner + (line % inner)
    let max = Number.NEGATIVE_INFINITY
    let index = extent === 0 ? -1 : 0
    for (let k = 0; k < extent; k++) {
      const value = x[offset + k * inner]
      // Also true for a NaN; nothing comes before the first.
      if (!(value <= max)) {
        max = value
        index = k
        if (Number.isNaN(value)) break
      }
    }
    out[line] = max
    indices[line] = index
  }
}

/** gradX `[outer, extent, inner]`: each gradient at the index of its maximum, 0 elsewhere. */
export function reduceMaxGrad(
  gradOut: Float32Array,
  indices: Int32Array,
  gradX: Float32Array,
  outer: number,
  extent: number,
  inner: number,
): void {
  gradX.fill(0)
  if (extent === 0) return
  for (let line = 0; line < outer * inner; line++) {
    const base = Math.floor(line / inner) * extent
    gradX[(base + indices[line]) * inner + (line % inner)] = gradOut[line]
  }
}
