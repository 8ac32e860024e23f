import { allocate, type DType } from '../base/dtype.ts'
import { type Shape, sizeOf } from '../base/shape.ts'
import { type Kernels, plainKernels } from '../kernels/index.ts'
import { Tensor } from './tensor.ts'

/** What an operator computes with: which kernels, and where results are stored. */
export interface Context {
  readonly kernels: Kernels
  /** A tensor for a kernel to write: every element must be written, its first content is not defined. */
  empty<D extends DType = 'float32'>(shape: Shape, dtype?: D): Tensor<D>
}

/** The context that every operation uses. */
export const context: Context = {
  kernels: plainKernels,
  empty<D extends DType = 'float32'>(shape: Shape, dtype?: D): Tensor<D> {
    const type = (dtype ?? 'float32') as D
    return new Tensor(type, shape, allocate(type, sizeOf(shape)))
  },
}
