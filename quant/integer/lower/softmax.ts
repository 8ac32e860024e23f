import { NumericError } from '../../../engine/base/errors.ts'
import { normaliseAxis } from '../../../engine/base/shape.ts'
import { exp } from '../../../engine/kernels/transcendental/exp.ts'
import { log } from '../../../engine/kernels/transcendental/log.ts'
import type { SoftmaxArithmetic } from '../arithmetic.ts'
import type { SoftmaxStep } from '../program.ts'
import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import type { SoftmaxRule } from '../rules.ts'
import { type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'

const FLOAT_MAXIMUM = (2 - 2 ** -23) * 2 ** 127

/**
 * ONNX Runtime's table: e^((shift - d) s), where shift s = max(0, ln(FLT_MAX / extent) - 5) keeps the sum of a row finite, in double,
 * rounded to f32; the logarithm is one of single precision (as the running onnxruntime 1.30.0 showed).
 */
function shiftedExponentials(scale: number, extent: number): number[] {
  const shift = Math.max(0, Math.fround(log(Math.fround(FLOAT_MAXIMUM / extent))) - 5) / scale
  return Array.from({ length: 256 }, (_, d) => Math.fround(exp((shift - d) * scale)))
}

/**
 * The constants of a softmax over `extent` codes. Exponentials are our own, correctly rounded to f32 but for rare cases; a runtime's
 * libm may differ in the last bit. Throws `NumericError` where a row is too long for 'fixed-point' (4096 and more), whose sum has 12 bits before the point.
 * Example: 'fixed-point', s = 0.1: 0.1 * 2^26 = 6710886.4, so multiplier 1717986918, left shift 23, differenceMin -248.
 */
export function softmaxArithmetic(
  { kind }: SoftmaxRule,
  scale: number,
  outputScale: number,
  extent: number,
): SoftmaxArithmetic {
  if (kind === 'fixed-point') {
    if (extent >= 4096) {
      throw new NumericError(`lowering: a fixed-point softmax sums fewer than 4096 numbers, got ${extent}`)
    }
    const { multiplier, shift } = quantiseMultiplier(Math.min(scale * 2 ** 26, 2147483647))
    return { kind, multiplier, leftShift: shift, differenceMin: -Math.floor((31 * 2 ** 26) / 2 ** shift) }
  }
  if (kind === 'multiplier') {
    const multiplier = Math.floor(Math.fround(1 / outputScale))
    return { kind: 'table', exponentials: shiftedExponentials(scale, extent), output: { kind, multiplier } }
  }
  const exponentials = Array.from({ length: 256 }, (_, d) => Math.fround(exp(Math.fround(-scale * d))))
  return { kind: 'table', exponentials, output: { kind, scale: outputScale } }
}

/** Lowers a Softmax. */
export function lowerSoftmax({ node, output }: FusedNode, context: StepContext): SoftmaxStep {
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const axis = normaliseAxis(Number(node.attributes.axis ?? -1), target.shape.length + 1, 'Softmax') - 1
  const rule = context.backend.softmax as SoftmaxRule
  const arithmetic = softmaxArithmetic(rule, input.scale, target.scale, target.shape[axis])
  return { op: 'softmax', name: node.name, inputs: [input.name], output, axis, arithmetic }
}
