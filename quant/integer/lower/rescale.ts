import { UnsupportedError } from '../../../engine/base/errors.ts'
import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { normaliseAxis } from '../../../engine/base/shape.ts'
import type { RescaleArithmetic } from '../arithmetic.ts'
import type { ProgramValue, RequantiseStep, Step } from '../program.ts'
import type { RescaleRule } from '../rules.ts'
import { addValue, type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { requantiserFor } from './multiplier.ts'

type Scale = Pick<ProgramValue, 'scale'>

/**
 * The constants of a change of quantiser. 'multiply-shift' as XNNPACK: RNE(256 * f32(s_in / s_out)). Example: f32(0.05)
 * to f32(0.0311): multiplier 412.
 */
export function rescaleArithmetic(rule: RescaleRule, input: Scale, output: Scale): RescaleArithmetic {
  switch (rule.kind) {
    case 'requantise':
      return { kind: rule.kind, requantiser: requantiserFor(rule.requantiser, [input.scale / output.scale]) }
    case 'multiply-shift': {
      const multiplier = roundHalfEven(256 * Math.fround(input.scale / output.scale))
      return { kind: rule.kind, multiplier, shift: 8 }
    }
    case 'qdq':
      return { kind: rule.kind, scale: input.scale, outputScale: output.scale }
  }
}

/** The step that gives a value another quantiser. Throws `UnsupportedError` where the back end has no rule for it. */
export function requantiseStep(name: string, from: string, to: string, context: StepContext): RequantiseStep {
  const { rescale, name: backend } = context.backend
  if (rescale === undefined) {
    throw new UnsupportedError(
      `lowering: '${from}' has another quantiser than '${to}', and back end ${backend} has no rule to rescale it`,
    )
  }
  const arithmetic = rescaleArithmetic(rescale, valueNamed(context, from), valueNamed(context, to))
  return { op: 'requantise', name, inputs: [from], output: to, arithmetic }
}

/** Lowers a Concat: inputs whose quantiser is not the output's are rescaled first. Throws as `requantiseStep`. */
export function lowerConcat({ node, output }: FusedNode, context: StepContext): Step[] {
  const target = valueNamed(context, output)
  const steps: Step[] = []
  const inputs = node.inputs.map((name, i) => {
    const input = valueNamed(context, name)
    if (input.scale === target.scale && input.zeroPoint === target.zeroPoint) return name
    const rescaled = addValue(context, { ...target, name: `${node.name}.rescale${i}`, shape: input.shape }).name
    steps.push(requantiseStep(rescaled, name, rescaled, context))
    return rescaled
  })
  const axis = normaliseAxis(Number(node.attributes.axis), target.shape.length + 1, 'Concat') - 1
  return [...steps, { op: 'concat', name: node.name, inputs, output, axis }]
}
