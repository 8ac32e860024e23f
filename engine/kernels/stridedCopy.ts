import type { TypedArray } from '../base/dtype.ts'

/** Which element goes where: element (i0, i1, ...) of a grid sits at offset + i0 * stride0 + i1 * stride1 + ... */
export interface CopyLayout {
  /** The extents of the grid that is copied. */
  readonly shape: readonly number[]
  readonly xOffset: number
  /** In elements, one for each extent; may be negative. */
  readonly xStrides: readonly number[]
  readonly outOffset: number
  readonly outStrides: readonly number[]
}

const TILE = 16
// From about this length on a call of `set` costs less than a loop.
const LONG_RUN = 64

/** One axis of the grid: how many, and how far from one to the next on either side. */
type Axis = [extent: number, xStride: number, outStride: number]

/**
 * Copies a grid of elements between two layouts: out[outOffset + i . outStrides] = x[xOffset + i . xStrides]. Transpose,
 * slice, concat and their gradients are this one loop. Bits are copied, in no stated order: no two elements of the grid
 * may share a place in `out`, and `out` is not `x`.
 */
export function stridedCopy<T extends TypedArray>(x: T, layout: CopyLayout, out: T): void {
  if (layout.shape.includes(0)) return
  const axes = mergedAxes(layout)
  const [columns, xColumn, outColumn] = axes.pop() ?? [1, 1, 1]
  // Beside the columns, the axis along which x lies closest: tiles then touch whole cache lines on both sides.
  let nearest = axes.length - 1
  for (let i = 0; i < axes.length; i++) if (Math.abs(axes[i][1]) < Math.abs(axes[nearest][1])) nearest = i
  const [rows, xRow, outRow] = axes.length === 0 ? [1, 0, 0] : axes.splice(nearest, 1)[0]
  const contiguous = xColumn === 1 && outColumn === 1

  const index = new Int32Array(axes.length)
  let from = layout.xOffset
  let to = layout.outOffset
  for (;;) {
    if (contiguous) copyRows(x, from, xRow, rows, columns, out, to, outRow)
    else copyTiles(x, from, xRow, xColumn, rows, columns, out, to, outRow, outColumn)
    let axis = axes.length - 1
    for (; axis >= 0; axis--) {
      const [extent, xStride, outStride] = axes[axis]
      from += xStride
      to += outStride
      if (++index[axis] < extent) break
      index[axis] = 0
      from -= extent * xStride
      to -= extent * outStride
    }
    if (axis < 0) return
  }
}

/** The axes of a layout without those of extent 1, neighbours that lie end to end on both sides made one. */
function mergedAxes({ shape, xStrides, outStrides }: CopyLayout): Axis[] {
  const axes: Axis[] = []
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue
    const last = axes.at(-1)
    if (last !== undefined && last[1] === xStrides[i] * shape[i] && last[2] === outStrides[i] * shape[i]) {
      axes[axes.length - 1] = [last[0] * shape[i], xStrides[i], outStrides[i]]
    } else axes.push([shape[i], xStrides[i], outStrides[i]])
  }
  return axes
}

function copyRows<T extends TypedArray>(
  x: T,
  from: number,
  xRow: number,
  rows: number,
  columns: number,
  out: T,
  to: number,
  outRow: number,
): void {
  for (let row = 0; row < rows; row++) {
    const source = from + row * xRow
    const target = to + row * outRow
    if (columns >= LONG_RUN) out.set(x.subarray(source, source + columns), target)
    else for (let column = 0; column < columns; column++) out[target + column] = x[source + column]
  }
}

function copyTiles<T extends TypedArray>(
  x: T,
  from: number,
  xRow: number,
  xColumn: number,
  rows: number,
  columns: number,
  out: T,
  to: number,
  outRow: number,
  outColumn: number,
): void {
  for (let rowBegin = 0; rowBegin < rows; rowBegin += TILE) {
    const rowEnd = Math.min(rowBegin + TILE, rows)
    for (let columnBegin = 0; columnBegin < columns; columnBegin += TILE) {
      const columnEnd = Math.min(columnBegin + TILE, columns)
      for (let row = rowBegin; row < rowEnd; row++) {
        const source = from + row * xRow
        const target = to + row * outRow
        for (let column = columnBegin; column < columnEnd; column++) {
          out[target + column * outColumn] = x[source + column * xColumn]
        }
      }
    }
  }
}
