import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { Step } from '../program.ts'
import { lowerAdd } from './add.ts'
import { codeBounds, type LoweringContext, valueNamed } from './context.ts'
import { clampOf, type FusedNode, type Interval } from './fuse.ts'
import { lowerLayer } from './layer.ts'
import { lowerMul } from './mul.ts'
import { lowerAveragePool, lowerMaxPool, lowerMean } from './pool.ts'
import { lowerConcat } from './rescale.ts'
import { lowerSoftmax } from './softmax.ts'
import { lowerTable } from './table.ts'
import { isTableFunction } from './tableFunction.ts'

/** Lowers one fused node to its steps. `checkCoverage` has accepted it. */
export function lowerNode(fused: FusedNode, context: LoweringContext): Step[] {
  const { node, output } = fused
  const common = { name: node.name, inputs: node.inputs, output }
  switch (node.op) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      return [lowerLayer(fused, context)]
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
