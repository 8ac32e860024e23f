import type { OnnxNode } from './model.ts'

/** How messages call a node: `node 'conv1' (Conv)`; one without a name by its first output. */
export function describeNode(node: OnnxNode): string {
  return `node '${node.name === '' ? (node.outputs[0] ?? '') : node.name}' (${node.op})`
}
