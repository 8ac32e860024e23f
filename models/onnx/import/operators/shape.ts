/** Constants, and shapes as tensors. */

import { FormatError } from '../../../../engine/base/errors.ts'
import { countElements, int64Tensor, onnxTensor, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import { shapeTensor, toSafe } from '../partialShape.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'

/** ONNX Shape, of which the part from `start` up to `end` was added in operator set 15. */
export const Shape: OnnxOperator = {
  name: 'Shape',
  since: 1,
  attributes: { start: 'int', end: 'int' },
  build(node) {
    const shape = node.shape(0)
    const { attributes } = node
    // `slice` counts from the end and clamps as ONNX does.
    node.constant(shapeTensor(shape.slice(attributes.int('start', 0), attributes.int('end', shape.length))))
  },
  evaluates: () => true,
  evaluate({ inputs, attributes }) {
    const { dims } = inputs[0] as OnnxTensor
    return [shapeTensor(dims.slice(attributes.int('start', 0), attributes.int('end', dims.length)))]
  },
}

/** ONNX Constant; of its forms those with strings and sparse tensors are refused as attributes. */
export const Constant: OnnxOperator = {
  name: 'Constant',
  since: 1,
  requires: 0,
  attributes: { value: 'tensor', value_float: 'float', value_floats: 'floats', value_int: 'int', value_ints: 'ints' },
  evaluate: ({ attributes }) => [constantOf(attributes)],
}

function constantOf(attributes: OnnxCall['attributes']): OnnxTensor {
  const tensor = attributes.tensor('value')
  if (tensor !== undefined) return tensor
  const floats = attributes.floats('value_floats')
  if (floats !== undefined) return onnxTensor('float32', [floats.length], Float32Array.from(floats))
  const ints = attributes.ints('value_ints')
  if (ints !== undefined) return int64Tensor(ints.map(BigInt))
  if (attributes.has('value_float')) {
    return onnxTensor('float32', [], Float32Array.of(attributes.float('value_float', 0)))
  }
  if (attributes.has('value_int')) return int64Tensor([BigInt(attributes.int('value_int', 0))], [])
  throw new FormatError('Constant: it has no value')
}

/** ONNX ConstantOfShape: one value, by default the float32 0, in a given shape. */
export const ConstantOfShape: OnnxOperator = {
  name: 'ConstantOfShape',
  since: 9,
  attributes: { value: 'tensor' },
  evaluate({ inputs, attributes, maxElements }) {
    const dims = Array.from((inputs[0] as OnnxTensor).data as ArrayLike<number | bigint>, toSafe)
    countElements(dims, maxElements, 'ConstantOfShape')
    const value = attributes.tensor('value')
    if (value === undefined) return [zeroTensor('float32', dims)]
    if (value.data.length !== 1) {
      throw new FormatError(`ConstantOfShape: its value has ${value.data.length} elements, wanted one`)
    }
    const result = zeroTensor(value.type, dims)
    ;(result.data as Float32Array).fill(value.data[0] as number)
    return [result]
  },
}
