import type { Step } from '../program.ts'
import type { LoweringContext } from './context.ts'
import { type FusedNode, isLayer } from './fuse.ts'
import { lowerLayer } from './layer.ts'
import { lowerOperator } from './lowerOperator.ts'

/** Lowers one fused node to its steps. `placeNodes` has accepted it. */
export function lowerNode(fused: FusedNode, context: LoweringContext): Step[] {
  return isLayer(fused.node) ? [lowerLayer(fused, context)] : lowerOperator(fused, context)
}
