import { ShapeError } from '../base/errors.ts'
import { broadcastShapes, formatShape, type Shape, type SymbolicShape, sizeOf, stridesOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op, TensorSpec } from './op.ts'
import { sampleTensor } from './sampleTensor.ts'

/**
 * ONNX MatMul, NumPy's matmul: a [..., m, k] times b [..., k, n] gives [..., m, n], the leading (batch) extents broadcast;
 * a vector on the left is a row and one on the right a column, and that extent is left out of the result.
 *
 * The gradient of an operand that stretches over batches is the sum of one product for each, added in ascending order;
 * where b is a single matrix, the rows of all batches of a are one long matrix, and its gradient one product.
 */
export const MatMul: Op = {
  name: 'MatMul',
  shape(inputs) {
    return [matMulOutput(inputs)]
  },
  forward(context, inputs) {
    const a = asFloat(inputs[0] as Tensor, 'MatMul')
    const b = asFloat(inputs[1] as Tensor, 'MatMul')
    const out = context.empty(matMulOutput(inputs).shape as Shape)
    const { m, n, k, aOffsets, bOffsets } = plan(a.shape, b.shape)
    for (let i = 0; i < aOffsets.length; i++) {
      const aMatrix = matrix(a.data, aOffsets[i], m * k)
      const bMatrix = matrix(b.data, bOffsets[i], k * n)
      context.kernels.matmul(aMatrix, bMatrix, m, n, k, 0, 0, matrix(out.data, i * m * n, m * n))
    }
    return { outputs: [out] }
  },
  backward(context, { inputs, gradOutputs, needs }) {
    const { kernels } = context
    const a = inputs[0] as FloatTensor
    const b = inputs[1] as FloatTensor
    const gradOut = (gradOutputs[0] as FloatTensor).data
    const { m, n, k, aOffsets, bOffsets } = plan(a.shape, b.shape)
    const gradA = needs[0] ? context.empty(a.shape) : null
    const gradB = needs[1] ? context.empty(b.shape) : null
    if (gradA) {
      sumProducts(context, gradA, aOffsets, m * k, (i, out) => {
        kernels.matmul(matrix(gradOut, i * m * n, m * n), matrix(b.data, bOffsets[i], k * n), m, k, n, 0, 1, out)
      })
    }
    if (gradB) {
      sumProducts(context, gradB, bOffsets, k * n, (i, out) => {
        kernels.matmul(matrix(a.data, aOffsets[i], m * k), matrix(gradOut, i * m * n, m * n), k, n, m, 1, 0, out)
      })
    }
    return [gradA, gradB]
  },
  samples: () => [
    { name: 'matrices', inputs: [sampleTensor([3, 4]), sampleTensor([4, 2])], attributes: {} },
    { name: 'batches against one matrix', inputs: [sampleTensor([2, 3, 2]), sampleTensor([2, 3])], attributes: {} },
    { name: 'one matrix against batches', inputs: [sampleTensor([3, 2]), sampleTensor([2, 2, 3])], attributes: {} },
    {
      name: 'batches broadcast both ways',
      inputs: [sampleTensor([2, 1, 2, 3]), sampleTensor([3, 3, 1])],
      attributes: {},
    },
    { name: 'row vector', inputs: [sampleTensor([3]), sampleTensor([2, 3, 2])], attributes: {} },
    { name: 'column vector', inputs: [sampleTensor([2, 2, 3]), sampleTensor([3])], attributes: {} },
    { name: 'two vectors', inputs: [sampleTensor([5]), sampleTensor([5])], attributes: {} },
  ],
}

function matMulOutput(inputs: readonly (TensorSpec | null)[]): TensorSpec {
  const [a, b] = inputs
  if (inputs.length !== 2 || !a || !b) throw new ShapeError(`MatMul: wanted two inputs, got ${inputs.length}`)
  if (a.dtype !== 'float32' || b.dtype !== 'float32') {
    throw new ShapeError(`MatMul: wanted float32 tensors, got ${a.dtype} and ${b.dtype}`)
  }
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw new ShapeError(
      `MatMul: wanted vectors or matrices, got ${formatShape(a.shape)} and ${formatShape(b.shape)}; multiply by a scalar with Mul`,
    )
  }
  const k = a.shape[a.shape.length - 1]
  const depth = b.shape[Math.max(b.shape.length - 2, 0)]
  if (k !== null && depth !== null && k !== depth) {
    throw new ShapeError(
      `MatMul: ${formatShape(a.shape)} and ${formatShape(b.shape)} do not multiply: ${k} columns on the left, ${depth} rows on the right`,
    )
  }
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), 'MatMul')
  const rows: SymbolicShape = a.shape.length > 1 ? [a.shape[a.shape.length - 2]] : []
  const columns: SymbolicShape = b.shape.length > 1 ? [b.shape[b.shape.length - 1]] : []
  return { dtype: 'float32', shape: [...batch, ...rows, ...columns] }
}

/** The products that a MatMul consists of: all [m, k] by [k, n], product i at these offsets of a and b, at i m n of out. */
interface Plan {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly aOffsets: Int32Array
  readonly bOffsets: Int32Array
}

function plan(a: Shape, b: Shape): Plan {
  const k = a[a.length - 1]
  const m = a.length > 1 ? a[a.length - 2] : 1
  const n = b.length > 1 ? b[b.length - 1] : 1
  const aBatch = a.slice(0, -2)
  const bBatch = b.slice(0, -2)
  if (sizeOf(bBatch) === 1) {
    return { m: sizeOf(aBatch) * m, n, k, aOffsets: new Int32Array(1), bOffsets: new Int32Array(1) }
  }
  const batch = broadcastShapes(aBatch, bBatch, 'MatMul') as Shape
  return { m, n, k, aOffsets: batchOffsets(aBatch, batch, m * k), bOffsets: batchOffsets(bBatch, batch, k * n) }
}

/** Where the matrix lies, in an operand with these batch extents, that each batch of the result uses. */
function batchOffsets(extents: Shape, batch: Shape, size: number): Int32Array {
  const strides = stridesOf(extents).map((stride, axis) => (extents[axis] === 1 ? 0 : stride * size))
  const missing = batch.length - extents.length
  const offsets = new Int32Array(sizeOf(batch))
  for (let i = 0; i < offsets.length; i++) {
    let rest = i
    for (let axis = batch.length - 1; axis >= missing; axis--) {
      offsets[i] += (rest % batch[axis]) * strides[axis - missing]
      rest = Math.floor(rest / batch[axis])
    }
  }
  return offsets
}

function matrix(x: Float32Array, offset: number, size: number): Float32Array {
  return x.subarray(offset, offset + size)
}

/** Writes to each matrix of `out` the sum, in ascending order, of the products i whose offset is its own. */
function sumProducts(
  context: Context,
  out: FloatTensor,
  offsets: Int32Array,
  size: number,
  product: (i: number, out: Float32Array) => void,
): void {
  out.data.fill(0)
  const written = new Set<number>()
  const term = context.empty([size])
  for (const [i, offset] of offsets.entries()) {
    const target = matrix(out.data, offset, size)
    if (written.has(offset)) {
      product(i, term.data)
      context.kernels.add(target, term.data, target)
    } else product(i, target)
    written.add(offset)
  }
}

/** The matrix product of a and b, batches broadcast; vectors as in NumPy. */
export function matmul(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(MatMul, [a, b], {})
}
