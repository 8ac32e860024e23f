import { RandomStream } from '../base/random.ts'
import { type Shape, sizeOf } from '../base/shape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'

/** Values uniform in [-1, 1) for an operator's samples, the same at every call: the stream depends on the shape. */
export function sampleTensor(shape: Shape): FloatTensor {
  const random = new RandomStream(1, `sample ${shape.join('x')}`)
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => random.uniform() * 2 - 1),
    shape,
  )
}
