import type { Shape } from '../base/shape.ts'

/** Which elements of two operands meet: out is row-major over `extents`; a stride of 0 repeats an operand. */
export interface BroadcastLayout {
  /** The extents of the result, merged as far as the strides allow; never empty. */
  readonly extents: readonly number[]
  /** In elements, one for each extent. The last is 0 or 1. */
  readonly aStrides: readonly number[]
  readonly bStrides: readonly number[]
}

/**
 * The layout of two operands that broadcast to `out` (NumPy's rule: align at the right, an extent of 1 stretches). Axes
 * of extent 1 are left out and neighbours that lie end to end in both operands become one: equal shapes, a scalar, a
 * trailing vector and a value per channel end up with one, one, two and three axes and long rows.
 */
export function broadcastLayout(a: Shape, b: Shape, out: Shape): BroadcastLayout {
  const extents: number[] = []
  const aStrides: number[] = []
  const bStrides: number[] = []
  let aStride = 1
  let bStride = 1
  for (let i = 1; i <= out.length; i++) {
    const extent = out[out.length - i]
    if (extent === 1) continue
    const aExtent = a[a.length - i] ?? 1
    const bExtent = b[b.length - i] ?? 1
    const aStep = aExtent === 1 ? 0 : aStride
    const bStep = bExtent === 1 ? 0 : bStride
    const last = extents.length - 1
    if (last >= 0 && aStep === aStrides[last] * extents[last] && bStep === bStrides[last] * extents[last]) {
      extents[last] *= extent
    } else {
      extents.push(extent)
      aStrides.push(aStep)
      bStrides.push(bStep)
    }
    aStride *= aExtent
    bStride *= bExtent
  }
  if (extents.length === 0) return { extents: [1], aStrides: [0], bStrides: [0] }
  return { extents: extents.reverse(), aStrides: aStrides.reverse(), bStrides: bStrides.reverse() }
}

/** Writes out[to], out[to + 1], ... (`length` of them) from a[i], a[i + aStep], ... and b[j], b[j + bStep], ... */
export type BroadcastRow = (
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
) => void

/** Calls `row` for each row (last axis) of the result, ascending. */
export function forEachRow(
  row: BroadcastRow,
  a: Float32Array,
  b: Float32Array,
  layout: BroadcastLayout,
  out: Float32Array,
): void {
  if (out.length === 0) return
  const { extents, aStrides, bStrides } = layout
  const inner = extents.length - 1
  const length = extents[inner]
  const index = new Int32Array(inner)
  let i = 0
  let j = 0
  for (let to = 0; to < out.length; to += length) {
    row(a, i, aStrides[inner], b, j, bStrides[inner], out, to, length)
    for (let axis = inner - 1; axis >= 0; axis--) {
      i += aStrides[axis]
      j += bStrides[axis]
      if (++index[axis] < extents[axis]) break
      index[axis] = 0
      i -= aStrides[axis] * extents[axis]
      j -= bStrides[axis] * extents[axis]
    }
  }
}
