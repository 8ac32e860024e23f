import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { Step } from '../program.ts'
import { lowerAdd } from './add.ts'
import { codeBounds, type StepContext, valueNamed } from './context.ts'
import { clampOf, type FusedNode, type Interval } from './fuse.ts'
import { lowerMul } from './mul.ts'
import { lowerAveragePool, lowerMaxPool, lowerMean } from './pool.ts'
import { lowerConcat } from './rescale.ts'
import { lowerSoftmax } from './softmax.ts'
import { lowerTable } from './table.ts'
import { isTableFunction } from './tableFunction.ts'

/**
 * Lowers one fused node that is no layer to its steps; whoever calls has made sure that its quantisers and shapes fit.
 */
export function lowerOperator(fused: FusedNode, context: StepContext): Step[] {
  const { node, output } = fused
  const common = { name: node.name, inputs: node.inputs, output }
  switch (node.op) {
    case 'Add':
      return [lowerAdd(fused, context)]
    case 'Mul':
      return [lowerMul(fused, context)]
    case 'AveragePool':
    case 'GlobalAveragePool':
      return [lowerAveragePool(fused, context)]
    case 'ReduceMean':
      return lowerMean(fused, context)
    case 'MaxPool':
      return [lowerMaxPool(fused)]
    case 'Softmax':
      return [lowerSoftmax(fused, context)]
    case 'Concat':
      return lowerConcat(fused, context)
    case 'Transpose':
      return [{ op: 'transpose', ...common, perm: (node.attributes.perm as number[]).slice(1).map((axis) => axis - 1) }]
    case 'Flatten':
    case 'Reshape':
      return [{ op: 'reshape', ...common }]
    case 'Relu':
    case 'Clip':
      return [
        {
          op: 'clamp',
          ...common,
          ...codeBounds(clampOf(node) as Interval, valueNamed(context, output), context.backend),
        },
      ]
    default:
      if (isTableFunction(node.op)) return [lowerTable(fused, context)]
      throw new UnsupportedError(`lowering: node '${node.name}' (${node.op}) has no integer form`)
  }
}
