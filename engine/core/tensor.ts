import { allocate, type DType, type DTypeArrays, type TypedArray } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { checkShape, formatShape, type Shape, sizeOf } from '../base/shape.ts'
import { current, type Lifetime } from './arena.ts'
import type { TapeNode } from './tape.ts'

/** What `tensor` and its siblings take beside data and shape. */
export interface TensorOptions<D extends DType = DType> {
  /** Element type; 'float32' by default. */
  dtype?: D
  /** Whether `backward` shall leave this tensor's gradient in `grad`. Only float32 tensors can. Default false. */
  requiresGrad?: boolean
}

/**
 * A dense row-major array with a shape, and its place on the tape that gradients are computed from. Garbage collected
 * like any object; made in a scope, its storage ends with the scope. Reshaped tensors share storage.
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: Shape
  readonly #data: DTypeArrays[D]
  readonly #lifetime: Lifetime | null
  /** Whether a gradient flows to this tensor: set on leaves by the caller, on results by the operation. */
  requiresGrad: boolean
  /** After `backward`: the gradient of a leaf that requires one, float32, same shape. Sums up until set to null. */
  grad: Tensor<'float32'> | null = null
  /** The operation that made this tensor, while a gradient may flow through it; null for leaves. */
  node: TapeNode | null = null

  /** Throws `ShapeError` when `data` does not hold exactly the elements of `shape`. */
  constructor(dtype: D, shape: Shape, data: DTypeArrays[D], requiresGrad = false) {
    checkShape(shape, 'tensor')
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `tensor: shape ${formatShape(shape)} holds ${sizeOf(shape)} elements, the data ${data.length}`,
      )
    }
    if (requiresGrad && dtype !== 'float32') {
      throw new ShapeError(`tensor: only float32 tensors can require a gradient, not ${dtype}`)
    }
    this.dtype = dtype
    this.shape = shape
    this.#data = data
    this.#lifetime = current.arena?.lifetimeOf(data) ?? null
    this.requiresGrad = requiresGrad
  }

  /** The storage itself. Throws `ShapeError` when it belonged to a scope that has ended: it holds something else now. */
  get data(): DTypeArrays[D] {
    if (this.#lifetime?.ended) {
      throw new ShapeError(
        `tensor: ${formatShape(this.shape)} was made in a scope that has ended; return it from the scope, or clone it before the end`,
      )
    }
    return this.#data
  }

  /** The number of elements. */
  get size(): number {
    return this.#data.length
  }

  /** The value of a one-element tensor. Throws `ShapeError` for any other. */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`item: wanted one element, the shape is ${formatShape(this.shape)}`)
    return this.data[0]
  }

  /**
   * Adds to `grad` of every leaf below that requires one; see `backward` in tape.ts. Throws `ShapeError` when no
   * recorded operation made this tensor.
   */
  backward(gradient?: FloatTensor): void {
    if (this.node === null) {
      throw new ShapeError('backward: nothing to differentiate: no recorded operation made this tensor')
    }
    this.node.backward(asFloat(this, 'backward'), gradient)
  }

  /** The same data without history: no gradient flows through it. */
  detach(): Tensor<D> {
    return new Tensor(this.dtype, this.shape, this.data)
  }

  /** A copy with its own, garbage-collected storage and without history. */
  clone(): Tensor<D> {
    const copy = allocate(this.dtype, this.size)
    copy.set(this.data)
    return new Tensor(this.dtype, this.shape, copy)
  }
}

/** The tensor type that gradients exist for. */
export type FloatTensor = Tensor<'float32'>

/**
 * A tensor of the given values (copied, converted to `dtype`). Without `shape` it is a vector.
 * @example tensor([1, 2, 3, 4], [2, 2], { requiresGrad: true })
 */
export function tensor<D extends DType = 'float32'>(
  values: ArrayLike<number>,
  shape: Shape = [values.length],
  options: TensorOptions<D> = {},
): Tensor<D> {
  const dtype = (options.dtype ?? 'float32') as D
  const data = allocate(dtype, values.length)
  data.set(values)
  return new Tensor(dtype, shape, data, options.requiresGrad)
}

/** A tensor of zeros. */
export function zeros<D extends DType = 'float32'>(shape: Shape, options: TensorOptions<D> = {}): Tensor<D> {
  checkShape(shape, 'zeros')
  const dtype = (options.dtype ?? 'float32') as D
  return new Tensor(dtype, shape, allocate(dtype, sizeOf(shape)), options.requiresGrad)
}

/** A tensor whose every element is `value`. */
export function full<D extends DType = 'float32'>(
  shape: Shape,
  value: number,
  options: TensorOptions<D> = {},
): Tensor<D> {
  const result = zeros(shape, options)
  ;(result.data as TypedArray).fill(value)
  return result
}

/** Narrows to float32, or throws `ShapeError` naming the operation that needed it. */
export function asFloat(t: Tensor, operation: string): FloatTensor {
  if (t.dtype !== 'float32') throw new ShapeError(`${operation}: wanted a float32 tensor, got ${t.dtype}`)
  return t as FloatTensor
}
