import { matmul } from './matmul.ts'

const f32 = Math.fround

/** The sizes and factors of a `gemm`. */
export interface GemmShape {
  readonly m: number
  readonly n: number
  readonly k: number
  /** 1: the operand is stored transposed. */
  readonly transA: number
  readonly transB: number
  /** f32 values. */
  readonly alpha: number
  readonly beta: number
  /** How far apart in c two rows and two columns of the result are: 0 where c stretches. */
  readonly cRow: number
  readonly cColumn: number
}

/**
 * out[m, n] = alpha * (op(a) op(b)) + beta * c. The product as in `matmul`; then the product times alpha, c times beta
 * and their sum, each rounded to f32. A factor of 1 is not applied; without c nothing is added.
 */
export function gemm(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array | null,
  shape: GemmShape,
  out: Float32Array,
): void {
  const { m, n, alpha, beta, cRow, cColumn } = shape
  matmul(a, b, m, n, shape.k, shape.transA, shape.transB, out)
  if (alpha !== 1) {
    for (let i = 0; i < out.length; i++) out[i] = alpha * out[i]
  }
  if (c === null) return
  for (let i = 0; i < m; i++) {
    // beta = 1 changes no bit of c, so one loop serves both.
    for (let j = 0; j < n; j++) out[i * n + j] += f32(beta * c[i * cRow + j * cColumn])
  }
}
