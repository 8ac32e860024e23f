import { formatShape } from '../../engine/base/shape.ts'
import { ACCUMULATOR_LIMIT, accumulatorBounds } from '../integer/bounds.ts'
import { tableCodes, weightCodes } from '../integer/constants.ts'
import {
  type ConvStep,
  type GemmStep,
  type IntegerProgram,
  type ProgramHeader,
  type ProgramValue,
  type Step,
  valuesByName,
} from '../integer/program.ts'
import { centred, clampFormula, legendOf, requantiserFormula } from './formulas.ts'
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
  readonly input: ProgramValue & { readonly formula: string }
  readonly steps: readonly StepExplanation[]
  readonly output: ProgramValue & { readonly formula: string }
  /** What the symbols of the formulas mean. */
  readonly legend: readonly string[]
}

/**
 * Explains a program as data: for each step the formulas with every constant filled in, shapes, weight codes and the bound
 * of the accumulators. Example: a step's formula `y = clamp(S(acc, 1717986918, -3) + 4, -128, 127)`.
 */
export function explainJson(program: IntegerProgram): ProgramExplanation {
  const { header } = program
  const values = valuesByName(header)
  const input = values.get(header.input.value) as ProgramValue
  const output = values.get(header.output) as ProgramValue
  const quantised = `f32(x / ${input.scale})`
  const inputFormula = `q = ${clampFormula(`${header.input.rounding}(${quantised})`, input.zeroPoint, input.qmin, input.qmax)}`
  const outputFormula = `x = f32(${output.scale} * ${centred('q', output.zeroPoint)})`
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

function explainStep(
  step: Step,
  values: ReadonlyMap<string, ProgramValue>,
  { constants }: { constants: IntegerProgram['constants']; header: ProgramHeader },
): StepExplanation {
  const inputs = step.inputs.map((name) => values.get(name) as ProgramValue)
  const output = values.get(step.output) as ProgramValue
  const common = {
    name: step.name,
    op: step.op,
    inputs: step.inputs,
    output: step.output,
    shapes: { inputs: inputs.map(({ shape }) => shape), output: output.shape },
  }
  const quantisers = quantiserLine(output)
  switch (step.op) {
    case 'conv':
    case 'gemm': {
      const codes = weightCodes(step.weight, constants)
      const bound = accumulatorBounds(step, inputs[0], constants).reduce((a, b) => Math.max(a, b), 0)
      const weights = {
        bits: step.weight.bits,
        low: codes.reduce((a, b) => Math.min(a, b)),
        high: codes.reduce((a, b) => Math.max(a, b)),
      }
      return {
        ...common,
        weights,
        accumulator: { bound, limit: ACCUMULATOR_LIMIT },
        formulas: [...layerLines(step, inputs[0], output, weights, bound), quantisers],
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
  }
}

function layerLines(
  step: ConvStep | GemmStep,
  input: ProgramValue,
  output: ProgramValue,
  weights: { bits: number; low: number; high: number },
  bound: number,
): string[] {
  const taps = step.weight.shape.slice(1).reduce((a, b) => a * b, 1)
  const bias = step.bias === null ? '' : step.bias.shift === 0 ? 'bias[m] + ' : `bias[m] * 2^${step.bias.shift} + `
  const saturating = `sum of sat16(x w[m, k] + x' w[m, k + 1]) over pairs of taps - ${input.zeroPoint} * sum(w[m, ...])`
  const sum = step.pairSaturation === undefined ? `sum(${centred('x', input.zeroPoint)} * w[m, ...])` : saturating
  const lines = [
    `acc[m] = ${bias}${sum} over ${taps} taps, |acc| <= ${bound} (limit ${ACCUMULATOR_LIMIT})`,
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
