import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import type { ProgramValue, TableStep } from '../program.ts'
import { requantiseRow, requantiserTable } from '../requantise/requantiser.ts'
import type { TableFunction, TableRule } from '../rules.ts'
import { type StepContext, valueNamed } from './context.ts'
import { fixedPointCode } from './fixedPointTable.ts'
import type { FusedNode } from './fuse.ts'
import { requantiserFor } from './multiplier.ts'
import { evaluate, evaluateExactly, steppedSigmoid, type TableAttributes, withDefaults } from './tableFunction.ts'

/** LeakyRelu on integers: one multiplier from 0 on, another below. */
function leakyOffsets(rule: TableRule, slope: number, ratio: number, offsets: Int32Array): Int32Array {
  const results = new Int32Array(offsets.length)
  for (let i = 0; i < offsets.length; i++) {
    const real = offsets[i] < 0 ? slope * ratio : ratio
    if (rule.kind === 'requantise') {
      const wide = { zeroPoint: 0, low: -(2 ** 30), high: 2 ** 30 }
      const requantiser = requantiserTable(requantiserFor(rule.requantiser, [Math.abs(real)]), 1)
      const magnitude = Int32Array.of(Math.sign(real) * offsets[i])
      requantiseRow(requantiser, 0, magnitude, 0, 1, wide, i, 1, results)
    } else {
      results[i] = Math.floor((offsets[i] * roundHalfEven(256 * Math.fround(real))) / 256 + 0.5)
    }
  }
  return results
}

/**
 * The 256 codes of f, as `rule` makes them, from the input's lowest code on.
 * Example: Sigmoid, 'qdq', s = 0.1 into 1/256 with zero point 0, uint8, z = 128: entry 128 is RNE(0.5 * 256) = 128.
 */
export function tableOf(
  name: TableFunction,
  attributes: TableAttributes,
  rule: TableRule,
  input: Pick<ProgramValue, 'scale' | 'zeroPoint' | 'qmin'>,
  output: Pick<ProgramValue, 'scale' | 'zeroPoint' | 'qmin' | 'qmax'>,
): Int32Array {
  const offsets = Int32Array.from({ length: 256 }, (_, i) => input.qmin + i - input.zeroPoint)
  const { scale, zeroPoint, qmin, qmax } = output
  const limit = (code: number): number => Math.min(Math.max(code, qmin), qmax)
  switch (rule.kind) {
    case 'fixed-point':
      return offsets.map((x) => limit(fixedPointCode(name as 'Sigmoid' | 'Tanh', input.scale, x) + zeroPoint))
    case 'requantise':
    case 'multiply-shift': {
      const slope = Math.fround(Number(attributes.alpha))
      return leakyOffsets(rule, slope, input.scale / scale, offsets).map((code) => limit(code + zeroPoint))
    }
    case 'f64-half-away':
      return offsets.map((x) =>
        limit(roundHalfAway(evaluateExactly(name, attributes, input.scale * x) / scale) + zeroPoint),
      )
    case 'qdq':
    case 'half-away':
    case 'zero-inside': {
      const x = Float32Array.from(offsets, (offset) => offset * input.scale)
      const reals = name === 'Sigmoid' && rule.kind !== 'qdq' ? steppedSigmoid(x) : evaluate(name, attributes, x)
      const inverse = Math.fround(1 / scale)
      return Int32Array.from(reals, (t) => {
        if (rule.kind === 'qdq') return limit(roundHalfEven(Math.fround(t / scale)) + zeroPoint)
        const steps = Math.fround(t * inverse)
        if (rule.kind === 'half-away') return limit(roundHalfAway(steps) + zeroPoint)
        return limit(roundHalfEven(Math.fround(steps + zeroPoint)))
      })
    }
  }
}

/** Lowers a function of one variable: its 256 codes become a constant. */
export function lowerTable({ node, output }: FusedNode, context: StepContext): TableStep {
  const name = node.op as TableFunction
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const attributes = withDefaults(name, node.attributes as TableAttributes)
  const rule = context.backend.tables?.[name] as TableRule
  const codes = tableOf(name, attributes, rule, input, target)
  const constant = `${node.name}.table`
  context.constants.set(constant, target.qmin < 0 ? Int8Array.from(codes) : Uint8Array.from(codes))
  const common = { op: 'table' as const, name: node.name, inputs: [input.name], output }
  return { ...common, function: name, attributes, rule: rule.kind, constant }
}
