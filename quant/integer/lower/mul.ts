import type { MulArithmetic } from '../arithmetic.ts'
import { checkBounds, largestOffset } from '../bounds.ts'
import type { MulStep, ProgramValue } from '../program.ts'
import type { MulRule } from '../rules.ts'
import { codeBounds, type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { requantiserFor, scaleRatio } from './multiplier.ts'

type Scale = Pick<ProgramValue, 'scale'>

/**
 * The constants of a product of two tensors. Example: f32(0.0235) by f32(0.0471) into f32(0.0113), 'q31-double': multiplier 1682790912 with
 * an f32 product (TFLite), 1682790883 with an f64 one (TFLM), shift -3.
 */
export function mulArithmetic(rule: MulRule, a: Scale, b: Scale, out: Scale): MulArithmetic {
  switch (rule.kind) {
    case 'requantise': {
      const real = scaleRatio(rule.product, a.scale, b.scale, out.scale)
      return { kind: rule.kind, requantiser: requantiserFor(rule.requantiser, [real]) }
    }
    case 'f32-zero-inside':
      return { kind: rule.kind, ratio: scaleRatio('f32', a.scale, b.scale, out.scale) }
    case 'qdq':
    case 'qdq-zero-inside':
      return { kind: rule.kind, scales: [a.scale, b.scale], outputScale: out.scale }
  }
}

/** Lowers a Mul of two tensors of one shape. Throws `NumericError` where its integers could overflow. */
export function lowerMul({ node, output, clamp }: FusedNode, context: StepContext): MulStep {
  const [a, b] = node.inputs.map((name) => valueNamed(context, name))
  const target = valueNamed(context, output)
  const arithmetic = mulArithmetic(context.backend.mul as MulRule, a, b, target)
  if (arithmetic.kind === 'requantise') {
    checkBounds(node.name, [largestOffset(a) * largestOffset(b)], arithmetic.requantiser)
  }
  const common = { op: 'mul' as const, name: node.name, inputs: [a.name, b.name], output }
  return { ...common, arithmetic, ...codeBounds(clamp, target, context.backend) }
}
