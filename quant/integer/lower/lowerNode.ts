import { UnsupportedError } from '../../../engine/base/errors.ts'
import { normaliseAxis } from '../../../engine/base/shape.ts'
import type { Step } from '../program.ts'
import { lowerAdd } from './add.ts'
import { codeBounds, type LoweringContext, valueNamed } from './context.ts'
import { clampOf, type FusedNode, type Interval } from './fuse.ts'
import { lowerLayer } from './layer.ts'
import { lowerAveragePool, lowerMaxPool } from './pool.ts'

/** Lowers one fused node to a step. `checkCoverage` has accepted it. */
export function lowerNode(fused: FusedNode, context: LoweringContext): Step {
  const { node, output } = fused
  const common = { name: node.name, inputs: node.inputs, output }
  switch (node.op) {
    case 'Conv':
    case 'Gemm':
      return lowerLayer(fused, context)
    case 'Add':
      return lowerAdd(fused, context)
    case 'AveragePool':
    case 'GlobalAveragePool':
      return lowerAveragePool(fused, context)
    case 'MaxPool':
      return lowerMaxPool(fused)
    case 'Concat': {
      const rank = valueNamed(context, output).shape.length + 1
      return { op: 'concat', ...common, axis: normaliseAxis(Number(node.attributes.axis), rank, 'Concat') - 1 }
    }
    case 'Flatten':
    case 'Reshape':
      return { op: 'reshape', ...common }
    case 'Relu':
    case 'Clip':
      return {
        op: 'clamp',
        ...common,
        ...codeBounds(clampOf(node) as Interval, valueNamed(context, output), context.backend),
      }
    default:
      throw new UnsupportedError(`lowering: node '${node.name}' (${node.op}) has no integer form`)
  }
}
