import { formatShape } from '../../engine/base/shape.ts'
import { ACCUMULATOR_LIMIT, accumulatorBounds, isWideLayer, WIDE_LIMIT } from '../integer/bounds.ts'
import { anyWeightCodes, tableCodes } from '../integer/constants.ts'
import {
  type ConvStep,
  type FloatValue,
  floatsByName,
  type GemmStep,
  type IntegerProgram,
  type ProgramValue,
  type Step,
  valuesByName,
} from '../integer/program.ts'
import { centred, clampFormula, legendOf, requantiserFormula } from './formulas.ts'
import {
  dequantiseFormula,
  dynamicQuantiserFormulas,
  floatFormula,
  quantiseFormula,
  realLayerFormulas,
  realLine,
} from './realFormulas.ts'
import {
  addFormula,
  averageFormula,
  mulFormula,
  requantiseFormula,
  softmaxFormula,
  tableFormula,
} from './stepFormulas.ts'

/** One step, explained. */
export interface StepExplanation {
  readonly name: string
  readonly op: Step['op']
  readonly inputs: readonly string[]
  readonly output: string
  readonly shapes: { readonly inputs: readonly (readonly number[])[]; readonly output: readonly number[] }
  /** The formulas with their constants, one a line. */
  readonly formulas: readonly string[]
  /** Layers only: the lowest and highest weight code. */
  readonly weights?: { readonly bits: number; readonly low: number; readonly high: number }
  /** Layers only: what no accumulator can exceed, over all channels, and what an accumulator holds. */
  readonly accumulator?: { readonly bound: number; readonly limit: number }
}

/** A program, explained. */
export interface ProgramExplanation {
  readonly name: string
  readonly backend: string
  readonly input: (ProgramValue | FloatValue) & { readonly formula: string }
  readonly steps: readonly StepExplanation[]
  readonly output: (ProgramValue | FloatValue) & { readonly formula: string }
  /** What the symbols of the formulas mean. */
  readonly legend: readonly string[]
}

/**
 * Explains a program as data: for each step the formulas with every constant filled in, shapes, weight codes and the bound
 * of the accumulators. Example: a step's formula `y = clamp(S(acc, 1717986918, -3) + 4, -128, 127)`.
 */
export function explainJson(program: IntegerProgram): ProgramExplanation {
  const { header } = program
  const values = new Map<string, ProgramValue | FloatValue>([...valuesByName(header), ...floatsByName(header)])
  const input = values.get(header.input.value) as ProgramValue | FloatValue
  const output = values.get(header.output) as ProgramValue | FloatValue
  const inputFormula = inputLine(input, header.input.rounding)
  const outputFormula =
    'format' in output
      ? `x: real numbers, ${output.format}`
      : `x = f32(${output.scale} * ${centred('q', output.zeroPoint)})`
  const steps = header.steps.map((step) => explainStep(step, values, program))
  return {
    name: header.name,
    backend: header.backend,
    input: { ...input, formula: inputFormula },
    steps,
    output: { ...output, formula: outputFormula },
    legend: legendOf([inputFormula, ...steps.flatMap(({ formulas }) => formulas), outputFormula]),
  }
}

/**
 * The same as text, a block for each step, the legend last.
 * Example of a line: `acc[m] = bias[m] + sum((x - 3) * w[m, ...]) over 27 taps, |acc| <= 874395 (limit 2147483647)`.
 */
export function explain(program: IntegerProgram): string {
  const { name, backend, input, steps, output, legend } = explainJson(program)
  const blocks = [
    `program ${name} for ${backend}`,
    `input ${input.name} ${formatShape([null, ...input.shape])}\n  ${input.formula}`,
    ...steps.map((step, index) =>
      [
        `step ${index + 1}: ${step.op} '${step.name}'`,
        `  ${step.inputs.map((input, i) => `${input} ${formatShape([null, ...step.shapes.inputs[i]])}`).join(', ')} -> ${step.output} ${formatShape([null, ...step.shapes.output])}`,
        ...step.formulas.map((line) => `  ${line}`),
      ].join('\n'),
    ),
    `output ${output.name} ${formatShape([null, ...output.shape])}\n  ${output.formula}`,
    ['legend', ...legend.map((line) => `  ${line}`)].join('\n'),
  ]
  return blocks.join('\n\n')
}

/** What becomes of the numbers that are fed. */
function inputLine(input: ProgramValue | FloatValue, rounding: string): string {
  if ('format' in input) return input.format === 'f32' ? 'q = x' : `q = ${input.format}(x)`
  return `q = ${clampFormula(`${rounding}(f32(x / ${input.scale}))`, input.zeroPoint, input.qmin, input.qmax)}`
}

function explainStep(
  step: Step,
  values: ReadonlyMap<string, ProgramValue | FloatValue>,
  { constants }: IntegerProgram,
): StepExplanation {
  const all = step.inputs.map((name) => values.get(name) as ProgramValue | FloatValue)
  const made = values.get(step.output) as ProgramValue | FloatValue
  // Each kind of step has its kind of tensors.
  const inputs = all as readonly ProgramValue[]
  const output = made as ProgramValue
  const real = made as FloatValue
  const common = {
    name: step.name,
    op: step.op,
    inputs: step.inputs,
    output: step.output,
    shapes: { inputs: all.map(({ shape }) => shape), output: made.shape },
  }
  const quantisers = 'format' in made ? realLine(made) : quantiserLine(made)
  switch (step.op) {
    case 'conv':
    case 'gemm': {
      const codes = Int16Array.from(anyWeightCodes(step.weight, constants))
      const bound = accumulatorBounds(step, inputs[0], constants).reduce((a, b) => Math.max(a, b), 0)
      const limit = isWideLayer(step, inputs[0], output) ? WIDE_LIMIT : ACCUMULATOR_LIMIT
      const weights = {
        bits: step.weight.bits,
        low: codes.reduce((a, b) => Math.min(a, b)),
        high: codes.reduce((a, b) => Math.max(a, b)),
      }
      return {
        ...common,
        weights,
        accumulator: { bound, limit },
        formulas: [...layerLines(step, inputs[0], output, weights, bound, limit), quantisers],
      }
    }
    case 'add':
      return { ...common, formulas: [addFormula(step, inputs[0], inputs[1], output), quantisers] }
    case 'mul':
      return { ...common, formulas: [mulFormula(step, inputs[0], inputs[1], output), quantisers] }
    case 'table': {
      const formulas = tableFormula(step, tableCodes(step, constants), inputs[0])
      return { ...common, formulas: [...formulas, quantisers] }
    }
    case 'softmax':
      return { ...common, formulas: [...softmaxFormula(step, output), quantisers] }
    case 'requantise':
      return { ...common, formulas: [requantiseFormula(step, inputs[0], output), quantisers] }
    case 'averagePool':
      return { ...common, formulas: [windowLine(step), ...averageFormula(step, inputs[0], output), quantisers] }
    case 'maxPool':
      return { ...common, formulas: [windowLine(step), 'y = the largest code of the window inside the image'] }
    case 'concat':
      return { ...common, formulas: [`y = the codes of the inputs, joined along axis ${step.axis + 1}`] }
    case 'clamp':
      return { ...common, formulas: [`y = clamp(x, ${step.low}, ${step.high})`] }
    case 'transpose':
      return {
        ...common,
        formulas: [`y = x, axis i being axis [0, ${step.perm.map((axis) => axis + 1).join(', ')}][i] of x`],
      }
    case 'reshape':
      return { ...common, formulas: ['y = the codes of x in the same order'] }
    case 'quantise':
      return { ...common, formulas: [quantiseFormula(step, output), quantisers] }
    case 'dequantise':
      return { ...common, formulas: [dequantiseFormula(step, inputs[0], real), quantisers] }
    case 'dynamicQuantiser':
      return { ...common, formulas: dynamicQuantiserFormulas(step) }
    case 'realLayer':
      return { ...common, formulas: [...realLayerFormulas(step, inputs[0], real), quantisers] }
    case 'float':
      return { ...common, formulas: [floatFormula(step, real), quantisers] }
  }
}

function layerLines(
  step: ConvStep | GemmStep,
  input: ProgramValue,
  output: ProgramValue,
  weights: { bits: number; low: number; high: number },
  bound: number,
  limit: number,
): string[] {
  const taps = step.weight.shape.slice(1).reduce((a, b) => a * b, 1)
  const bias = step.bias === null ? '' : step.bias.shift === 0 ? 'bias[m] + ' : `bias[m] * 2^${step.bias.shift} + `
  const saturating = `sum of sat16(x w[m, k] + x' w[m, k + 1]) over pairs of taps - ${input.zeroPoint} * sum(w[m, ...])`
  const w = centred('w[m, ...]', step.weight.zeroPoint ?? 0)
  const sum = step.pairSaturation === undefined ? `sum(${centred('x', input.zeroPoint)} * ${w})` : saturating
  const lines = [
    `acc[m] = ${bias}${sum} over ${taps} taps, |acc| <= ${bound} (limit ${limit})`,
    ...requantiserFormula(step.requantiser, step.weight.shape[0], {
      zeroPoint: output.zeroPoint,
      low: step.low,
      high: step.high,
    }).map(({ channels, formula }) => `y${channels} = ${formula}`),
    `w: int${weights.bits} ${formatShape(step.weight.shape)} in ${weights.low} ... ${weights.high}${step.bias === null ? '' : `; bias: int${step.bias.bits}`}`,
  ]
  if (step.op === 'conv') {
    const { strides, pads, dilations, groups } = step
    lines.push(
      `strides ${strides.join('x')}, pads ${formatShape(pads)} (contribute 0), dilations ${dilations.join('x')}, groups ${groups}`,
    )
  }
  return lines
}

function windowLine({ kernel, strides, pads, dilations }: Extract<Step, { op: 'maxPool' | 'averagePool' }>): string {
  return `window ${kernel.join('x')}, strides ${strides.join('x')}, pads ${formatShape(pads)}, dilations ${dilations.join('x')}`
}

function quantiserLine({ scale, zeroPoint, qmin, qmax }: ProgramValue): string {
  return `y: real = ${centred('y', zeroPoint)} * ${scale}, codes ${qmin} ... ${qmax}`
}
