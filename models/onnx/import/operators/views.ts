/** Operators that change a tensor's shape and none of its elements, or nothing at all. */

import { UnsupportedError } from '../../../../engine/base/errors.ts'
import { formatShape } from '../../../../engine/base/shape.ts'
import { zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import type { OnnxOperator } from './operator.ts'

/** ONNX Identity: another name. */
export const Identity: OnnxOperator = {
  name: 'Identity',
  since: 1,
  moves: [0],
  build: (node) => node.alias(0),
}

/**
 * ONNX Dropout as inference runs it: nothing. Before operator set 12 its ratio was an attribute. In training mode with a
 * ratio other than 0 its draws are not defined, and it is refused.
 */
export const Dropout: OnnxOperator = {
  name: 'Dropout',
  since: 7,
  attributes: { ratio: 'float', seed: 'int' },
  constants: [1, 2],
  build(node) {
    if (node.outputCount > 1) node.refuse('its output mask')
    if (node.has(2) && node.scalar(2) !== 0) node.refuse('training_mode; export the model for inference')
    node.alias(0)
  },
  evaluates: ({ outputs, inputs }) => outputs > 1 || (inputs[2]?.data[0] ?? 0) !== 0,
  evaluate({ inputs, outputs }) {
    const x = inputs[0] as OnnxTensor
    const ratio = Number(inputs[1]?.data[0] ?? 0.5)
    if (inputs[2]?.data[0] && ratio !== 0) {
      throw new UnsupportedError(`Dropout: training_mode with ratio ${ratio}: its random draws are not defined`)
    }
    const mask = zeroTensor('bool', x.dims)
    ;(mask.data as Uint8Array).fill(1)
    return [x, mask].slice(0, outputs)
  },
}

/** ONNX Flatten. */
export const Flatten: OnnxOperator = {
  name: 'Flatten',
  since: 1,
  attributes: { axis: 'int' },
  moves: [0],
  build(node) {
    node.emit('Flatten', [node.tensor(0)], node.attributes.given('axis'))
  },
}

/**
 * ONNX Reshape. An unknown extent in the shape stands for the batch: it becomes 0, which copies the input's extent at the
 * same place, where that is unknown too, and else -1, of which there can be one.
 */
export const Reshape: OnnxOperator = {
  name: 'Reshape',
  since: 5,
  requires: 2,
  attributes: { allowzero: 'int' },
  moves: [0],
  constants: [1],
  build(node) {
    const wanted = node.partialIntegers(1)
    const input = node.shape(0)
    if (node.attributes.int('allowzero', 0) === 1 && wanted.includes(0)) {
      // A 0 that means 0 says that there are no elements: whatever is computed, the result is known.
      if (!input.includes(0) || wanted.some((extent) => extent === null || extent < 0)) {
        node.refuse(`allowzero: from ${formatShape(input)} to ${formatShape(wanted)}`)
      }
      node.constant(zeroTensor(node.type(0), wanted as number[]))
      return
    }
    const guesses = wanted.filter((extent) => extent === -1).length
    const unknown = wanted.filter((extent) => extent === null).length
    const shape = wanted.map((extent, i) => {
      if (extent !== null) return extent
      if (unknown + guesses === 1) return -1
      return input[i] === null ? 0 : -1
    })
    if (shape.filter((extent) => extent === -1).length > 1) {
      node.refuse('its shape has several extents that are known only at run time; bind them in the option dims')
    }
    node.emit('Reshape', [node.tensor(0)], { shape })
  },
}

/** ONNX Squeeze; its axes are an input since operator set 13, an attribute before. */
export const Squeeze: OnnxOperator = {
  name: 'Squeeze',
  since: 1,
  attributes: { axes: 'ints' },
  moves: [0],
  constants: [1],
  build(node) {
    const axes = node.listed('axes', 1)
    if (axes === undefined && node.shape(0).includes(null)) {
      node.refuse('without axes, of an input whose extents are known only at run time')
    }
    node.emit('Squeeze', [node.tensor(0)], { axes })
  },
}

/** ONNX Unsqueeze; its axes are an input since operator set 13, an attribute before. */
export const Unsqueeze: OnnxOperator = {
  name: 'Unsqueeze',
  since: 1,
  attributes: { axes: 'ints' },
  moves: [0],
  constants: [1],
  build(node) {
    node.emit('Unsqueeze', [node.tensor(0)], { axes: node.listedOrFail('axes', 1) })
  },
}
