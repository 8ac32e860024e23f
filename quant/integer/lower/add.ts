import { NumericError } from '../../../engine/base/errors.ts'
import type { AddRule } from '../backend.ts'
import { ACCUMULATOR_LIMIT, largestOffset } from '../bounds.ts'
import type { AddArithmetic, AddStep, ProgramValue } from '../program.ts'
import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import { codeBounds, type LoweringContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { exponentOf } from './power.ts'

/**
 * The constants of an addition. For 'q31' as TFLite: T = 2 max(s1, s2), m_i of s_i / T, m_out of T / (2^leftShift s_out), all
 * in double. Example: the f32 values of 0.05 and 0.03 into 0.06, leftShift 20: (2^30, 0), (1288490141, -1), (1789569773, -19).
 */
export function addArithmetic(rule: AddRule, a: number, b: number, out: number): AddArithmetic {
  switch (rule.kind) {
    case 'q31': {
      const twice = 2 * Math.max(a, b)
      const first = quantiseMultiplier(a / twice)
      const second = quantiseMultiplier(b / twice)
      const last = quantiseMultiplier(twice / (2 ** rule.leftShift * out))
      return {
        kind: 'q31',
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
      return { kind: 'qdq', scales: [a, b], outputScale: out }
  }
}

/** The largest magnitude that an integer of the addition may reach. Example: 'shift' by (3, 0) of int8, z = 0: 128 * 9. */
export function addBound(arithmetic: AddArithmetic, a: ProgramValue, b: ProgramValue): number {
  const [ra, rb] = [largestOffset(a), largestOffset(b)]
  switch (arithmetic.kind) {
    case 'q31': {
      const left = 2 ** arithmetic.leftShift
      // Both scaled inputs are at most half of their own size, since s_i / T <= 1/2; the last step may shift left again.
      const sum = (left * (ra + rb)) / 2 + 2
      return Math.max(left * Math.max(ra, rb), sum * 2 ** Math.max(arithmetic.outputShift, 0))
    }
    case 'shift':
      return ra * 2 ** arithmetic.leftShifts[0] + rb * 2 ** arithmetic.leftShifts[1]
    case 'f64':
    case 'qdq':
      return Math.max(ra, rb)
  }
}

/** Lowers an Add of two tensors of one shape. Throws `NumericError` where its integers could overflow. */
export function lowerAdd({ node, output, clamp }: FusedNode, context: LoweringContext): AddStep {
  const [a, b] = node.inputs.map((name) => valueNamed(context, name))
  const target = valueNamed(context, output)
  const arithmetic = addArithmetic(context.backend.add, a.scale, b.scale, target.scale)
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
