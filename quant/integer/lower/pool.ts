import { spatialWindow, type WindowAttributes } from '../../../engine/ops/spatial.ts'
import { checkBounds, largestOffset } from '../bounds.ts'
import type { AveragePoolStep, MaxPoolStep, Window } from '../program.ts'
import { windowCounts } from '../windowCounts.ts'
import { type LoweringContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { meanRequantiser } from './multiplier.ts'

function windowOf(node: FusedNode['node']): Window {
  const attributes = node.attributes as unknown as WindowAttributes
  const { kernel, stride, pads, dilation } = spatialWindow(attributes, node.op)
  return { kernel, strides: stride, pads, dilations: dilation }
}

/** Lowers an AveragePool or GlobalAveragePool, the latter as one window over the plane. */
export function lowerAveragePool({ node, output }: FusedNode, context: LoweringContext): AveragePoolStep {
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const isGlobal = node.op === 'GlobalAveragePool'
  const [, h, w] = input.shape
  const window: Window = isGlobal
    ? { kernel: [h, w], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }
    : windowOf(node)
  const countPadding = node.attributes.count_include_pad === 1
  const rule = isGlobal ? context.backend.globalAveragePool : context.backend.averagePool
  const common = {
    op: 'averagePool' as const,
    name: node.name,
    inputs: [input.name],
    output,
    ...window,
    countPadding,
    low: target.qmin,
    high: target.qmax,
  }
  if (rule === 'raw-half-away') return { ...common, arithmetic: { kind: rule } }
  if (rule === 'qdq') {
    return { ...common, arithmetic: { kind: rule, scale: input.scale, outputScale: target.scale } }
  }
  const [, outH, outW] = target.shape
  const { inside, padded } = windowCounts({ h, w, outH, outW }, window)
  const counts = [...new Set(countPadding ? padded : inside)].sort((a, b) => a - b)
  const requantiser = meanRequantiser(rule, input.scale, target.scale, counts)
  const reach = largestOffset(input)
  checkBounds(
    node.name,
    counts.map((n) => n * reach),
    requantiser,
  )
  return { ...common, arithmetic: { kind: 'requantise', counts, requantiser } }
}

/** Lowers a MaxPool. */
export function lowerMaxPool({ node, output }: FusedNode): MaxPoolStep {
  return { op: 'maxPool', name: node.name, inputs: [node.inputs[0]], output, ...windowOf(node) }
}
