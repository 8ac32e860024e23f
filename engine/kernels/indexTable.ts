/** The table 0, step, 2 step, ... of `length` entries: where the elements of a run lie. */
export function indexTable(length: number, step: number): Int32Array {
  const table = new Int32Array(length)
  for (let i = 0; i < length; i++) table[i] = i * step
  return table
}

/**
 * Where the points of a three-dimensional lattice lie: entry (p * rows + r) * columns + c is p * plane + r * row + c *
 * column. Strides are in elements.
 */
export function latticeTable(
  planes: number,
  rows: number,
  columns: number,
  plane: number,
  row: number,
  column: number,
): Int32Array {
  const table = new Int32Array(planes * rows * columns)
  let i = 0
  for (let p = 0; p < planes; p++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) table[i++] = p * plane + r * row + c * column
    }
  }
  return table
}
