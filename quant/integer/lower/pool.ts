import { spatialWindow, type WindowAttributes } from '../../../engine/ops/spatial.ts'
import { checkBounds, largestOffset } from '../bounds.ts'
import type { AveragePoolStep, MaxPoolStep, ProgramValue, Step, Window } from '../program.ts'
import type { AverageRule } from '../rules.ts'
import { windowCounts } from '../windowCounts.ts'
import { averageArithmetic } from './average.ts'
import { addValue, type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'

function windowOf(node: FusedNode['node']): Window {
  const attributes = node.attributes as unknown as WindowAttributes
  const { kernel, stride, pads, dilation } = spatialWindow(attributes, node.op)
  return { kernel, strides: stride, pads, dilations: dilation }
}

/** A mean over windows from `input` to `target`. */
function average(
  name: string,
  rule: AverageRule,
  input: ProgramValue,
  target: ProgramValue,
  window: Window,
  countPadding: boolean,
): AveragePoolStep {
  const [, h, w] = input.shape
  const [, outH, outW] = target.shape
  const { inside, padded } = windowCounts({ h, w, outH, outW }, window)
  const counts = [...new Set(countPadding ? padded : inside)].sort((a, b) => a - b)
  const arithmetic = averageArithmetic(rule, input, target, counts)
  if (arithmetic.kind === 'requantise' || arithmetic.kind === 'requantise-raw') {
    const reach =
      arithmetic.kind === 'requantise' ? largestOffset(input) : Math.max(Math.abs(input.qmin), Math.abs(input.qmax))
    checkBounds(
      name,
      counts.map((n) => n * reach),
      arithmetic.requantiser,
    )
  }
  return {
    op: 'averagePool',
    name,
    inputs: [input.name],
    output: target.name,
    ...window,
    countPadding,
    low: target.qmin,
    high: target.qmax,
    arithmetic,
  }
}

function planeWindow({ shape: [, h, w] }: ProgramValue): Window {
  return { kernel: [h, w], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }
}

/** Lowers an AveragePool or GlobalAveragePool, the latter as one window over the plane. */
export function lowerAveragePool({ node, output }: FusedNode, context: StepContext): AveragePoolStep {
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const { backend } = context
  if (node.op === 'GlobalAveragePool') {
    return average(node.name, backend.globalAveragePool, input, target, planeWindow(input), false)
  }
  return average(node.name, backend.averagePool, input, target, windowOf(node), node.attributes.count_include_pad === 1)
}

/** Lowers a ReduceMean over the plane: one window over it, and a reshape where the reduced dimensions go. */
export function lowerMean({ node, output }: FusedNode, context: StepContext): Step[] {
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const rule = context.backend.mean as AverageRule
  const window = planeWindow(input)
  if (target.shape.length === 3) return [average(node.name, rule, input, target, window, false)]
  const kept = addValue(context, { ...target, name: `${node.name}.kept`, shape: [input.shape[0], 1, 1] })
  return [
    average(node.name, rule, input, kept, window, false),
    { op: 'reshape', name: `${node.name}.reshape`, inputs: [kept.name], output },
  ]
}

/** Lowers a MaxPool. */
export function lowerMaxPool({ node, output }: FusedNode): MaxPoolStep {
  return { op: 'maxPool', name: node.name, inputs: [node.inputs[0]], output, ...windowOf(node) }
}
