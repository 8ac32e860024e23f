import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/**
 * Taps that a panel of `gatherProduct` holds at most. With 64 bytes each it need not fit the first-level cache: it is read
 * in order, and sums that wait between two blocks cost more.
 */
const BLOCK = 2048
/** How many units a call is cut into at most: enough to share evenly, few enough for a slot of scratch each. */
export const UNITS = 64

/** A matrix for `gatherProduct`, row by row: row r, index k is at pointer + 4 * (r * row + taps[k]). */
export interface Rows {
  readonly pointer: number
  readonly row: number
  readonly count: number
  /** `count` int32 byte offsets, and whether taps[k] is 4 k. */
  readonly taps: number
  readonly consecutive: boolean
}

/** The same as `packRows` leaves them. */
export interface PackedRows {
  readonly packed: number
  readonly count: number
}

/** Pixels of pictures, and where each lies in the operand and in the result; distances in elements. */
export interface Columns {
  readonly pictures: number
  readonly lines: number
  readonly width: number
  readonly from: { readonly pointer: number; readonly picture: number; readonly line: number; readonly column: number }
  readonly to: { readonly pointer: number; readonly picture: number; readonly line: number; readonly column: number }
  /** How far apart two rows of the result are. */
  readonly row: number
  /** As for the rows. */
  readonly taps: number
  readonly consecutive: boolean
}

/** Packs rows of `depth` indices, two by two; an odd last one takes the room of two. Returns where. */
export function packRows({ dispatch }: Simd<SimdExports>, rows: Rows, depth: number, to: number): number {
  const { pointer, row, taps, consecutive, count } = rows
  const args = [pointer, 4 * row, taps, Number(consecutive), count, depth, to]
  dispatch('packRows', Math.ceil(count / 2), count * depth, args)
  return to
}

/** The product of rows and columns over `depth` indices, plus a bias a row (0: none): see assembly/gatherProduct.ts. */
export function gatherProduct(
  simd: Simd<SimdExports>,
  rows: Rows | PackedRows,
  columns: Columns,
  depth: number,
  bias: number,
): void {
  const { memory, dispatch } = simd
  const { from, to } = columns
  const picture = columns.lines * columns.width
  const count = columns.pictures * picture
  if (rows.count === 0 || count === 0) return
  const pairs = Math.ceil(rows.count / 2)
  const packed = 'packed' in rows ? rows.packed : packRows(simd, rows, depth, memory.allocate(8 * pairs * depth))

  const panels = Math.ceil(count / 16)
  const panelsPerUnit = Math.ceil(panels / UNITS)
  const units = Math.ceil(panels / panelsPerUnit)
  const block = Math.ceil(depth / Math.ceil(depth / BLOCK))
  const slot = 64 * (2 + block + 2 * pairs)
  dispatch('gatherProduct', units, 2 * rows.count * count * depth, [
    packed,
    rows.count,
    depth,
    bias,
    from.pointer,
    columns.taps,
    Number(columns.consecutive),
    count,
    picture,
    columns.width,
    4 * from.picture,
    4 * from.line,
    4 * from.column,
    to.pointer,
    4 * columns.row,
    4 * to.picture,
    4 * to.line,
    4 * to.column,
    block,
    panelsPerUnit,
    memory.allocate(units * slot),
    slot,
  ])
}

/** A table of int32 in the memory, for the length of a call. */
export function tableOf({ memory }: Simd<SimdExports>, length: number): { pointer: number; table: Int32Array } {
  const pointer = memory.allocate(4 * length)
  return { pointer, table: new Int32Array(memory.memory.buffer, pointer, length) }
}

/** The table of 0, step, 2 step ... floats, as byte offsets. */
export function stepTable(simd: Simd<SimdExports>, length: number, step: number): number {
  const { pointer, table } = tableOf(simd, length)
  for (let i = 0; i < length; i++) table[i] = 4 * step * i
  return pointer
}

/** The steps from entry to entry of a table, the first from 0, in its place. */
export function stepsOf({ memory }: Simd<SimdExports>, pointer: number, length: number): number {
  const table = new Int32Array(memory.memory.buffer, pointer, length)
  for (let i = length - 1; i > 0; i--) table[i] -= table[i - 1]
  return pointer
}
