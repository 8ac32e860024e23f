/** Operators that move elements: their order, their number, which of them. */

import type { OnnxOperator } from './operator.ts'

/** ONNX Transpose. */
export const Transpose: OnnxOperator = {
  name: 'Transpose',
  since: 1,
  attributes: { perm: 'ints' },
  moves: [0],
  build(node) {
    node.emit('Transpose', [node.tensor(0)], node.attributes.given('perm'))
  },
}

/** ONNX Concat. */
export const Concat: OnnxOperator = {
  name: 'Concat',
  since: 4,
  attributes: { axis: 'int' },
  moves: 'all',
  build(node) {
    const inputs = Array.from({ length: node.inputCount }, (_, input) => node.tensor(input))
    node.emit('Concat', inputs, { axis: node.attributes.int('axis', 1) })
  },
}

/** ONNX Slice; what to take is an input since operator set 10, an attribute before. */
export const Slice: OnnxOperator = {
  name: 'Slice',
  since: 1,
  attributes: { starts: 'ints', ends: 'ints', axes: 'ints' },
  moves: [0],
  constants: [1, 2, 3, 4],
  build(node) {
    node.emit('Slice', [node.tensor(0)], {
      starts: node.listedOrFail('starts', 1),
      ends: node.listedOrFail('ends', 2),
      axes: node.listed('axes', 3),
      steps: node.integers(4),
    })
  },
}

/** ONNX Split: into parts of given sizes, or as many as there are outputs, the last of which may be smaller. */
export const Split: OnnxOperator = {
  name: 'Split',
  since: 2,
  attributes: { axis: 'int', split: 'ints', num_outputs: 'int' },
  moves: [0],
  constants: [1],
  build(node) {
    const split = node.listed('split', 1)
    const parts =
      split === undefined ? { num_outputs: node.attributes.int('num_outputs', node.outputCount) } : { split }
    node.emit('Split', [node.tensor(0)], { ...node.attributes.given('axis'), ...parts })
  },
}

/** ONNX Pad. Its pads and value are inputs since operator set 11 and attributes before; axes exist since 18. */
export const Pad: OnnxOperator = {
  name: 'Pad',
  since: 2,
  attributes: { mode: 'string', pads: 'ints', value: 'float' },
  moves: [0, 2],
  constants: [1, 2, 3],
  build(node) {
    const { attributes } = node
    const rank = node.shape(0).length
    const listed = node.listedOrFail('pads', 1)
    const axes = node.integers(3)
    const value = attributes.has('value') ? attributes.float('value', 0) : node.scalar(2)
    node.emit('Pad', [node.tensor(0)], {
      ...attributes.given('mode'),
      pads: axes === undefined ? listed : padsOfAll(listed, axes, rank),
      value,
    })
  },
}

/** The pads of all axes from those of some. */
function padsOfAll(pads: readonly number[], axes: readonly number[], rank: number): number[] {
  const result = new Array<number>(2 * rank).fill(0)
  for (const [i, axis] of axes.entries()) {
    const at = axis < 0 ? axis + rank : axis
    result[at] = pads[i]
    result[rank + at] = pads[axes.length + i]
  }
  return result
}

/** ONNX Gather. A constant that it reads from at run time is an embedding: a weight. */
export const Gather: OnnxOperator = {
  name: 'Gather',
  since: 1,
  requires: 2,
  attributes: { axis: 'int' },
  moves: [0],
  build(node) {
    const data = node.type(0) === 'float32' ? node.weight(0) : node.tensor(0)
    node.emit('Gather', [data, node.tensor(1)], node.attributes.given('axis'))
  },
}

/** ONNX Expand. An unknown extent in the shape stands for the batch, which the input then has or stretches to. */
export const Expand: OnnxOperator = {
  name: 'Expand',
  since: 8,
  requires: 2,
  moves: [0],
  constants: [1],
  build(node) {
    node.emit('Expand', [node.tensor(0)], { shape: node.integers(1) })
  },
}
