import type { OnnxOperator } from './operator.ts'

/** ONNX Where: of two tensors of any type, element by element the one that a bool tensor selects. */
export const Where: OnnxOperator = {
  name: 'Where',
  since: 9,
  requires: 3,
  moves: [1, 2],
  build(node) {
    if (node.type(0) !== 'bool') node.refuse(`its condition is ${node.type(0)}; wanted bool`)
    node.emit('Where', [node.tensor(0), node.tensor(1), node.tensor(2)], {}, [node.type(1)])
  },
}
