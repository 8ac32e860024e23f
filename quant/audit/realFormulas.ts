import { formatShape } from '../../engine/base/shape.ts'
import type {
  DequantiseStep,
  DynamicQuantiserStep,
  FloatFormat,
  FloatOperand,
  FloatStep,
  FloatValue,
  ProgramValue,
  QuantiseStep,
  RealLayerStep,
} from '../integer/program.ts'
import { centred, clampFormula } from './formulas.ts'

/** A real number rounded to a format. Example: ('x', 'bf16') -> 'bf16(x)'; f32 is what steps compute in, so 'x'. */
function rounded(formula: string, format: FloatFormat): string {
  return format === 'f32' ? formula : `${format}(${formula})`
}

/** The codes of real numbers. Example: 'y = clamp(half-even(f32(x / 0.5)) + 3, 0, 255)'. */
export function quantiseFormula(
  { inputs, rounding }: QuantiseStep,
  { scale, zeroPoint, qmin, qmax }: ProgramValue,
): string {
  if (inputs.length === 1) return `y = ${clampFormula(`${rounding}(f32(x / ${scale}))`, zeroPoint, qmin, qmax)}`
  return `y = clamp(${rounding}(f32(x / s)) + z, ${qmin}, ${qmax}), (s, z) = ${inputs[1]} of the image`
}

/** The real numbers of codes. Example: 'y = f16(f32(0.5 * (x - 3)))'. */
export function dequantiseFormula(
  _: DequantiseStep,
  { scale, zeroPoint }: ProgramValue,
  { format }: FloatValue,
): string {
  return `y = ${rounded(`f32(${scale} * ${centred('x', zeroPoint)})`, format)}`
}

/** The quantiser of an image's range. */
export function dynamicQuantiserFormulas({ qmin, qmax }: DynamicQuantiserStep): string[] {
  return [
    'lo, hi = the least and the greatest x of the image, and 0',
    `s = f32((hi - lo) / ${qmax - qmin}), or 1 where that is 0; z = clamp(RNE(${qmin} - lo / s), ${qmin}, ${qmax}); y = (s, z)`,
  ]
}

/** A layer whose sums become real numbers, one formula a line. Example: 'acc[m] = sum((x - 3) * w[m, ...]) over 27 taps, exact'. */
export function realLayerFormulas(
  { inputs, weight, window, bias, low, high }: RealLayerStep,
  input: ProgramValue,
  { format }: FloatValue,
): string[] {
  const taps = weight.shape.slice(1).reduce((a, b) => a * b, 1)
  const isDynamic = inputs.length === 2
  const x = isDynamic ? '(x - z)' : centred('x', input.zeroPoint)
  const w = weight.zeroPoint === undefined ? 'w[m, ...]' : centred('w[m, ...]', weight.zeroPoint)
  const scales = weight.scale.length === 1 ? `${weight.scale[0]}` : `[${weight.scale.join(', ')}][m]`
  const scaled = `f32(f32(acc[m]) * f32(${isDynamic ? 's' : input.scale} * ${scales}))`
  const sum = bias === null ? scaled : `f32(${scaled} + bias[m])`
  const limited = low === null && high === null ? sum : `clamp(${sum}, ${low ?? '-Infinity'}, ${high ?? 'Infinity'})`
  const lines = [
    ...(isDynamic ? [`(s, z) = ${inputs[1]} of the image`] : []),
    `acc[m] = sum(${x} * ${w}) over ${taps} taps, exact`,
    `y[m] = ${rounded(limited, format)}`,
    `w: int${weight.bits} ${formatShape(weight.shape)}${bias === null ? '' : `; bias: ${format}`}`,
  ]
  if (window !== null) {
    const { strides, pads, dilations, groups } = window
    lines.push(
      `strides ${strides.join('x')}, pads ${formatShape(pads)} (contribute 0), dilations ${dilations.join('x')}, groups ${groups}`,
    )
  }
  return lines
}

/** An operator on real numbers, by its ONNX name. Example: 'y = f16(Sigmoid(x)), computed in f32'. */
export function floatFormula({ operator, attributes, operands }: FloatStep, { format }: FloatValue): string {
  let next = 0
  const nameOf = (operand: FloatOperand): string => {
    if (operand.kind === 'constant') return operand.constant
    if (operand.kind === 'weight') return `f32(scale * ${operand.weight.constant} as int${operand.weight.bits})`
    if (operand.kind === 'absent') return 'none'
    next++
    return next === 1 ? 'x' : `x${next}`
  }
  const names = operands.map(nameOf)
  const settings = Object.entries(attributes).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? formatShape(value) : value}`,
  )
  const suffix = settings.length === 0 ? '' : `; ${settings.join(', ')}`
  return `y = ${rounded(`${operator}(${names.join(', ')})`, format)}, computed in f32${suffix}`
}

/** What a real tensor holds. */
export function realLine({ format }: FloatValue): string {
  return `y: real numbers, ${format}`
}
