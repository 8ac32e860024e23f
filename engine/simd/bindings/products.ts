import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { gatherProduct, stepTable } from './gatherProduct.ts'

/** Matrix products. */
export function bindProducts(simd: Simd<SimdExports>) {
  const { memory, dispatch } = simd
  return {
    matmul(a, b, m, n, k, transA, transB, out) {
      memory.beginCall()
      product(simd, memory.input(a), memory.input(b), m, n, k, transA, transB, memory.output(out))
      memory.endCall()
    },
    gemm(a, b, c, shape, out) {
      const { m, n, alpha, beta, cRow, cColumn } = shape
      memory.beginCall()
      const result = memory.output(out)
      const isProduct = alpha === 1 && c === null
      // Finished beside it, not in place: a unit of the end may be computed again.
      const sums = isProduct ? result : memory.allocate(4 * m * n)
      product(simd, memory.input(a), memory.input(b), m, n, shape.k, shape.transA, shape.transB, sums)
      if (!isProduct) {
        const args = [c === null ? 0 : memory.input(c), n, alpha, beta, cRow, cColumn, sums, result]
        dispatch('gemmFinish', m, 3 * m * n, args)
      }
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}

/**
 * out[m, n] = op(a) op(b), all pointers. A narrow result is computed as its transpose where that fills more of the
 * sixteen columns; a product has the same bits with its factors exchanged.
 */
function product(
  simd: Simd<SimdExports>,
  a: number,
  b: number,
  m: number,
  n: number,
  k: number,
  transA: number,
  transB: number,
  out: number,
): void {
  if (k === 0) {
    new Float32Array(simd.memory.memory.buffer, out, m * n).fill(0)
    return
  }
  const left = { pointer: a, count: m, step: transA ? 1 : k, tap: transA ? m : 1, out: n }
  const right = { pointer: b, count: n, step: transB ? k : 1, tap: transB ? 1 : n, out: 1 }
  const padded = (rows: number, columns: number): number => 2 * Math.ceil(rows / 2) * 16 * Math.ceil(columns / 16)
  const exchange = 1.25 * padded(n, m) < padded(m, n)
  const rows = exchange ? right : left
  const columns = exchange ? left : right
  const { pointer, step } = columns
  gatherProduct(
    simd,
    {
      pointer: rows.pointer,
      row: rows.step,
      count: rows.count,
      taps: stepTable(simd, k, rows.tap),
      consecutive: rows.tap === 1,
    },
    {
      pictures: 1,
      lines: 1,
      width: columns.count,
      from: { pointer, picture: 0, line: 0, column: step },
      to: { pointer: out, picture: 0, line: 0, column: columns.out },
      row: rows.out,
      taps: stepTable(simd, k, columns.tap),
      consecutive: columns.tap === 1,
    },
    k,
    0,
  )
}
