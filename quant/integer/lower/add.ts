import { NumericError } from '../../../engine/base/errors.ts'
import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { addBound } from '../addBound.ts'
import type { AddArithmetic } from '../arithmetic.ts'
import { ACCUMULATOR_LIMIT } from '../bounds.ts'
import { fusedMultiplyAdd } from '../kernels/fusedMultiplyAdd.ts'
import type { AddStep, ProgramValue } from '../program.ts'
import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import type { AddRule } from '../rules.ts'
import { codeBounds, type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { exponentOf, floatExponent } from './power.ts'

/** What an addition's constants follow from. */
export type AddTerm = Pick<ProgramValue, 'scale' | 'zeroPoint'>

/**
 * XNNPACK's ADD: ratios r_i = f32(s_i / s_out); with E the exponent of the larger, shift = 20 - E and multipliers RNE(r_i * 2^shift).
 * Example: 0.5 and 0.25 into 0.5: E = 0, shift 20, multipliers 2^20 and 2^19.
 */
function twentyBits(a: number, b: number, out: number): AddArithmetic {
  const ratios = [Math.fround(a / out), Math.fround(b / out)] as const
  const shift = 20 - floatExponent(Math.max(...ratios))
  const multiplier = (ratio: number): number => roundHalfEven(ratio * 2 ** shift)
  return { kind: 'multiply-shift', multipliers: [multiplier(ratios[0]), multiplier(ratios[1])], shift }
}

/**
 * ONNX Runtime's QLinearAdd: ratios r_i = f32(s_i / s_out), and fixed = f32(z_out - fma(r_1, z_1, f32(r_2 * z_2))): the source writes
 * r_1 * z_1 + r_2 * z_2, which the compiler of onnxruntime-node fuses so (found by comparison with release 1.30.0).
 */
function fusedRatios(a: AddTerm, b: AddTerm, out: AddTerm): AddArithmetic {
  const [ra, rb] = [Math.fround(a.scale / out.scale), Math.fround(b.scale / out.scale)]
  const zeros = fusedMultiplyAdd(ra, a.zeroPoint, Math.fround(rb * b.zeroPoint))
  return { kind: 'fma', ratios: [ra, rb], fixed: Math.fround(out.zeroPoint - zeros) }
}

/**
 * The constants of an addition. For 'q31' as TFLite: T = 2 max(s1, s2), m_i of s_i / T, m_out of T / (2^leftShift s_out), all
 * in double. Example: the f32 values of 0.05 and 0.03 into 0.06, leftShift 20: (2^30, 0), (1288490141, -1), (1789569773, -19).
 */
export function addArithmetic(rule: AddRule, first: AddTerm, second: AddTerm, output: AddTerm): AddArithmetic {
  const [a, b, out] = [first.scale, second.scale, output.scale]
  switch (rule.kind) {
    case 'q31':
    case 'q31-single': {
      const twice = 2 * Math.max(a, b)
      const first = quantiseMultiplier(a / twice)
      const second = quantiseMultiplier(b / twice)
      const last = quantiseMultiplier(twice / (2 ** rule.leftShift * out))
      return {
        kind: rule.kind,
        leftShift: rule.leftShift,
        multipliers: [first.multiplier, second.multiplier],
        shifts: [first.shift, second.shift],
        outputMultiplier: last.multiplier,
        outputShift: last.shift,
      }
    }
    case 'shift': {
      const [ea, eb, eo] = [exponentOf(a), exponentOf(b), exponentOf(out)]
      const fine = Math.min(ea, eb)
      return { kind: 'shift', leftShifts: [ea - fine, eb - fine], rightShift: eo - fine }
    }
    case 'f64':
      return { kind: 'f64', ratios: [a / out, b / out] }
    case 'qdq':
    case 'qdq-zero-inside':
      return { kind: rule.kind, scales: [a, b], outputScale: out }
    case 'multiply-shift':
      return twentyBits(a, b, out)
    case 'fma':
      return fusedRatios(first, second, output)
  }
}

/** Lowers an Add of two tensors of one shape. Throws `NumericError` where its integers could overflow. */
export function lowerAdd({ node, output, clamp }: FusedNode, context: StepContext): AddStep {
  const [a, b] = node.inputs.map((name) => valueNamed(context, name))
  const target = valueNamed(context, output)
  const arithmetic = addArithmetic(context.backend.add, a, b, target)
  const bound = addBound(arithmetic, a, b)
  if (bound > ACCUMULATOR_LIMIT) {
    throw new NumericError(
      `lowering: step '${node.name}' (Add): its sums may reach ${bound}, the limit is ${ACCUMULATOR_LIMIT}; the scales ${a.scale}, ${b.scale} and ${target.scale} are too far apart`,
    )
  }
  return {
    op: 'add',
    name: node.name,
    inputs: [a.name, b.name],
    output,
    arithmetic,
    ...codeBounds(clamp, target, context.backend),
  }
}
