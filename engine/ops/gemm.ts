import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type Shape } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, Tensor } from '../core/tensor.ts'
import { broadcastLayout } from '../kernels/broadcast.ts'
import type { GemmShape } from '../kernels/gemm.ts'
import { add } from './add.ts'
import { matmul } from './matMul.ts'
import type { Op, TensorSpec } from './op.ts'
import { sampleTensor } from './sampleTensor.ts'
import { transpose } from './transpose.ts'

/** ONNX Gemm's attributes. */
export interface GemmAttributes {
  /** Factors, rounded to float32; default 1. */
  readonly alpha?: number
  readonly beta?: number
  /** 1: the operand is stored transposed. Default 0. */
  readonly transA?: 0 | 1
  readonly transB?: 0 | 1
}

/**
 * ONNX Gemm: Y [M, N] = alpha op(A) op(B) + beta C. A is [M, K] or with transA [K, M], B is [K, N] or with transB [N, K],
 * C is absent or broadcasts to [M, N]. The gradients of A and B are products of the same kind, times alpha. That of C is
 * beta times a sum: ascending where C stretches over the rows only, the standard reduction (kernels/sumLanes.ts) where it
 * stretches over the columns or over everything.
 */
export const Gemm: Op<GemmAttributes> = {
  name: 'Gemm',
  shape(inputs, attributes) {
    return [gemmOutput(inputs, attributes)]
  },
  forward(context, inputs, attributes) {
    const a = asFloat(inputs[0] as Tensor, 'Gemm')
    const b = asFloat(inputs[1] as Tensor, 'Gemm')
    const c = inputs[2] ? asFloat(inputs[2], 'Gemm') : null
    const out = context.empty(gemmOutput(inputs, attributes).shape as Shape)
    const shape = gemmShape(a.shape, out.shape, c?.shape ?? [], attributes)
    context.kernels.gemm(a.data, b.data, c?.data ?? null, shape, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes, gradOutputs, needs }) {
    const a = inputs[0] as FloatTensor
    const b = inputs[1] as FloatTensor
    const c = (inputs[2] ?? null) as FloatTensor | null
    const gradOut = gradOutputs[0] as FloatTensor
    const shape = gemmShape(a.shape, gradOut.shape, [], attributes)
    const { m, n, k, transA, transB } = shape
    const gradA = needs[0] ? context.empty(a.shape) : null
    const gradB = needs[1] ? context.empty(b.shape) : null
    if (gradA) {
      // op(A)' = G op(B)^T is [m, k]; where A is stored transposed its gradient is op(B) G^T, [k, m].
      if (transA) product(context, b, gradOut, { ...shape, m: k, n: m, k: n, transA: transB, transB: 1 }, gradA)
      else product(context, gradOut, b, { ...shape, m, n: k, k: n, transA: 0, transB: 1 - transB }, gradA)
    }
    if (gradB) {
      // op(B)' = op(A)^T G is [k, n]; where B is stored transposed its gradient is G^T op(A), [n, k].
      if (transB) product(context, gradOut, a, { ...shape, m: n, n: k, k: m, transA: 1, transB: transA }, gradB)
      else product(context, a, gradOut, { ...shape, m: k, n, k: m, transA: 1 - transA, transB: 0 }, gradB)
    }
    const gradC = needs[2] && c ? gradientOfC(context, c, gradOut, Math.fround(attributes.beta ?? 1)) : null
    return [gradA, gradB, gradC]
  },
  samples: () => [
    {
      name: 'as a linear layer',
      inputs: [sampleTensor([3, 4]), sampleTensor([2, 4]), sampleTensor([2])],
      attributes: { transB: 1 },
    },
    {
      name: 'A transposed, factors, C a column',
      inputs: [sampleTensor([4, 3]), sampleTensor([4, 5]), sampleTensor([3, 1])],
      attributes: { transA: 1, alpha: 0.5, beta: -2 },
    },
    {
      name: 'both transposed, C a scalar',
      inputs: [sampleTensor([2, 3]), sampleTensor([1, 2]), sampleTensor([])],
      attributes: { transA: 1, transB: 1 },
    },
    {
      name: 'C of the full shape',
      inputs: [sampleTensor([2, 2]), sampleTensor([2, 3]), sampleTensor([2, 3])],
      attributes: { beta: 0.25 },
    },
    { name: 'no C', inputs: [sampleTensor([1, 3]), sampleTensor([3, 5])], attributes: { alpha: -1.5 } },
  ],
}

function product(context: Context, a: FloatTensor, b: FloatTensor, shape: GemmShape, out: FloatTensor): void {
  context.kernels.gemm(a.data, b.data, null, shape, out.data)
}

/** beta times the sum of the gradient over what C stretches along. */
function gradientOfC(context: Context, c: FloatTensor, gradOut: FloatTensor, beta: number): FloatTensor {
  const { kernels } = context
  const [m, n] = gradOut.shape
  const { cRow, cColumn } = stridesOfC(c.shape)
  let grad: FloatTensor
  if (c.size === gradOut.size) grad = new Tensor('float32', c.shape, gradOut.data)
  else {
    grad = context.empty(c.shape)
    if (cColumn === 1) kernels.reduceSum(gradOut.data, grad.data, 1, m, n)
    else if (cRow === 1) kernels.reduceSum(gradOut.data, grad.data, m, n, 1)
    else kernels.reduceSum(gradOut.data, grad.data, 1, m * n, 1)
  }
  if (beta === 1) return grad
  const scaled = context.empty(c.shape)
  kernels.mulBroadcast(grad.data, Float32Array.of(beta), broadcastLayout([c.size], [1], [c.size]), scaled.data)
  return scaled
}

function gemmOutput(inputs: readonly (TensorSpec | null)[], attributes: GemmAttributes): TensorSpec {
  const [a, b, c = null] = inputs
  if (inputs.length < 2 || inputs.length > 3 || !a || !b) {
    throw new ShapeError(`Gemm: wanted the inputs A, B and optionally C, got ${inputs.length}`)
  }
  for (const input of [a, b, c]) {
    if (input !== null && input.dtype !== 'float32') {
      throw new ShapeError(`Gemm: wanted float32 tensors, got ${input.dtype}`)
    }
  }
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes
  if (![alpha, beta].every(Number.isFinite) || ![transA, transB].every((flag) => flag === 0 || flag === 1)) {
    throw new ShapeError(
      `Gemm: alpha ${alpha}, beta ${beta}, transA ${transA}, transB ${transB}; wanted finite factors and flags of 0 or 1`,
    )
  }
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    throw new ShapeError(
      `Gemm: wanted two matrices, got ${formatShape(a.shape)} and ${formatShape(b.shape)}; flatten them first or use MatMul`,
    )
  }
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape
  const [depth, n] = transB ? [b.shape[1], b.shape[0]] : b.shape
  if (k !== null && depth !== null && k !== depth) {
    throw new ShapeError(
      `Gemm: A ${formatShape(a.shape)} (transA ${transA}) and B ${formatShape(b.shape)} (transB ${transB}) do not multiply: K is ${k} in one and ${depth} in the other`,
    )
  }
  const fits = (extent: Dim, wanted: Dim): boolean => extent === 1 || extent === wanted || wanted === null
  if (c !== null && (c.shape.length > 2 || !fits(c.shape.at(-1) ?? 1, n) || !fits(c.shape.at(-2) ?? 1, m))) {
    throw new ShapeError(`Gemm: C ${formatShape(c.shape)} does not broadcast to ${formatShape([m, n])}`)
  }
  return { dtype: 'float32', shape: [m, n] }
}

/** How far apart two rows and two columns of the result are in C: 0 where it stretches. */
function stridesOfC(c: Shape): { cRow: number; cColumn: number } {
  const rows = c.at(-2) ?? 1
  const columns = c.at(-1) ?? 1
  return { cRow: rows === 1 ? 0 : columns, cColumn: columns === 1 ? 0 : 1 }
}

/** What the kernel runs on, for operands that `gemmOutput` has accepted. */
function gemmShape(a: Shape, out: Shape, c: Shape, attributes: GemmAttributes): GemmShape {
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes
  const [m, n] = out
  const k = transA ? a[0] : a[1]
  return { m, n, k, transA, transB, alpha: Math.fround(alpha), beta: Math.fround(beta), ...stridesOfC(c) }
}

/** alpha op(a) op(b) + beta c, for matrices; `c` broadcasts. */
export function gemm(
  a: FloatTensor,
  b: FloatTensor,
  c: FloatTensor | null = null,
  attributes: GemmAttributes = {},
): FloatTensor {
  return applyFloat(Gemm, [a, b, c], attributes)
}

/** x [..., in] times the transpose of weight [out, in], plus bias [out]; result [..., out]. */
export function linear(x: FloatTensor, weight: FloatTensor, bias: FloatTensor | null = null): FloatTensor {
  if (x.shape.length === 2) return gemm(x, weight, bias, { transB: 1 })
  const product = matmul(x, transpose(weight, [1, 0]))
  return bias === null ? product : add(product, bias)
}
