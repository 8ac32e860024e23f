import { isBig, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import type { OnnxOperator } from './operator.ts'
import { emitOverCodes, isFloatOrCodes } from './overCodes.ts'

/** ONNX Clip, min(max(x, min), max): its bounds are inputs since operator set 11, attributes before. */
export const Clip: OnnxOperator = {
  name: 'Clip',
  since: 6,
  attributes: { min: 'float', max: 'float' },
  constants: [1, 2],
  build(node) {
    const { attributes } = node
    const min = attributes.has('min') ? attributes.float('min', 0) : node.scalar(1)
    const max = attributes.has('max') ? attributes.float('max', 0) : node.scalar(2)
    emitOverCodes(node, 'Clip', { min, max })
  },
  evaluates: ({ inputs }) => !isFloatOrCodes(inputs[0]?.type),
  evaluate({ inputs }) {
    const x = inputs[0] as OnnxTensor
    const min = inputs[1]?.data[0] ?? null
    const max = inputs[2]?.data[0] ?? null
    const result = zeroTensor(x.type, x.dims)
    for (let i = 0; i < x.data.length; i++) {
      let value = x.data[i]
      if (min !== null && value < min) value = min
      if (max !== null && value > max) value = max
      result.data[i] = isBig(x.type) ? BigInt(value) : Number(value)
    }
    return [result]
  },
}
