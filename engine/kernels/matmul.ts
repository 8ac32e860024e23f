import { gatherProduct } from './gatherProduct.ts'
import { indexTable } from './indexTable.ts'

/**
 * out[m, n] = op(a) op(b), row-major, op(a) being [m, k] and op(b) [k, n]: `a` is [m, k], or [k, m] with `transA` 1; `b`
 * is [k, n], or [n, k] with `transB` 1. Per output one f32 accumulator from +0, k ascending, product and sum rounded
 * each. With k = 0 the result is +0.
 */
export function matmul(
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  transA: number,
  transB: number,
  out: Float32Array,
): void {
  const rows = transA ? transposed(a, k, m) : a
  const columns = indexTable(n, transB ? k : 1)
  const taps = indexTable(k, transB ? 1 : n)
  out.fill(0)
  gatherProduct(rows, 0, k, m, b, columns, taps, out, 0, n, indexTable(n, 1))
}

/** The transpose of x [rows, columns]. */
function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j]
  }
  return out
}
