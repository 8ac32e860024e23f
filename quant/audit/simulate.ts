import { UnsupportedError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { type Shape, sizeOf, stridesOf } from '../../engine/base/shape.ts'
import { quantise } from '../affine/quantise.ts'
import type { IntegerProgram, ProgramValue, Step } from '../integer/program.ts'
import { valuesByName } from '../integer/program.ts'
import { type CodeTensor, type FloatArray, quantiserOf } from '../integer/session.ts'
import { simulateAdd, simulateMul, simulateRescale, simulateSoftmax, simulateTable } from './simulateElements.ts'
import { type StepResult, simulateAverage, simulateLayer, simulateMaximum } from './simulateStep.ts'

/** A value as a fake-quantised float graph computes it. */
export interface SimulatedValue {
  readonly shape: Shape
  /** Nearest codes of `exact`, ties to even. */
  readonly codes: Int32Array
  /** z + x / s, x the real result in double, limited to the step's codes but not rounded. */
  readonly exact: Float64Array
  /** How far from a tie `exact` may be where integer arithmetic still rounds it to the other side; see slack.ts. */
  readonly slack: Float64Array
}

/** What a simulation takes from elsewhere. */
export interface SimulateOptions {
  /** A trace of the integer session: each step then reads its inputs from it, so that differences do not pile up. */
  readonly follow?: ReadonlyMap<string, CodeTensor>
}

/**
 * Runs an integer program as a fake-quantised float graph: dequantised weights and activations, sums in double, each value
 * rounded to its quantiser's grid. That is what a training-time simulation sees; the integer session may differ from it by
 * one code, and only where `exact` is within `slack` of a tie (a layer whose pairs of products saturate by more). Example: s = 0.5, z = 3, a real result of 0.8: exact 4.6,
 * code 5. Throws `UnsupportedError` for a program with steps on real numbers: those are no integers to compare with.
 */
export function simulate(
  program: IntegerProgram,
  images: FloatArray,
  { follow }: SimulateOptions = {},
): Map<string, SimulatedValue> {
  const { header } = program
  const [real] = header.floats ?? []
  if (real !== undefined) throw refusal(real.name)
  const values = valuesByName(header)
  const valueNamed = (name: string): ProgramValue => values.get(name) as ProgramValue
  const batch = images.shape[0]
  const results = new Map<string, SimulatedValue>()
  const input = valueNamed(header.input.value)
  const { rounding } = header.input
  const codes = quantise(images.data, images.shape, quantiserOf(input), { rounding })
  results.set(input.name, known(images.shape, codes))
  for (const step of header.steps) {
    const output = valueNamed(step.output)
    const inputs = step.inputs.map(valueNamed)
    const size = sizeOf(output.shape)
    const exact = new Float64Array(batch * size)
    const slack = new Float64Array(batch * size)
    for (let n = 0; n < batch; n++) {
      const arrays = inputs.map(({ name, shape }) => {
        const { data } = follow?.get(name) ?? { data: (results.get(name) as SimulatedValue).codes }
        return data.subarray(n * sizeOf(shape), (n + 1) * sizeOf(shape))
      })
      const result = simulateStep(step, arrays, inputs, output, program)
      exact.set(result.exact, n * size)
      slack.set(result.slack, n * size)
    }
    const shape = [batch, ...output.shape]
    results.set(output.name, { shape, codes: Int32Array.from(exact, roundHalfEven), exact, slack })
  }
  return results
}

function refusal(name: string): UnsupportedError {
  return new UnsupportedError(`simulate: '${name}' is real numbers; wanted a program of codes alone`)
}

function known(shape: Shape, codes: Int32Array): SimulatedValue {
  return { shape, codes, exact: Float64Array.from(codes), slack: new Float64Array(codes.length) }
}

function simulateStep(
  step: Step,
  arrays: readonly Int32Array[],
  inputs: readonly ProgramValue[],
  output: ProgramValue,
  { constants }: IntegerProgram,
): StepResult {
  switch (step.op) {
    case 'conv':
    case 'gemm':
      return simulateLayer(step, arrays[0], inputs[0], output, constants)
    case 'add':
      return simulateAdd(step, arrays, inputs, output)
    case 'mul':
      return simulateMul(step, arrays, inputs, output)
    case 'table':
      return simulateTable(step, arrays[0], inputs[0], output)
    case 'softmax':
      return simulateSoftmax(step, arrays[0], inputs[0], output)
    case 'requantise':
      return simulateRescale(step, arrays[0], inputs[0], output)
    case 'averagePool':
      return simulateAverage(step, arrays[0], inputs[0], output)
    case 'maxPool':
      return simulateMaximum(step, arrays[0], inputs[0], output)
    case 'concat': {
      const exact: number[] = []
      const runs = inputs.map(({ shape }) => sizeOf(shape.slice(step.axis)))
      for (let outer = 0; outer < sizeOf(output.shape.slice(0, step.axis)); outer++) {
        for (let i = 0; i < arrays.length; i++)
          exact.push(...arrays[i].subarray(outer * runs[i], (outer + 1) * runs[i]))
      }
      return { exact: Float64Array.from(exact), slack: new Float64Array(exact.length) }
    }
    case 'clamp':
      return {
        exact: Float64Array.from(arrays[0], (q) => Math.min(Math.max(q, step.low), step.high)),
        slack: new Float64Array(arrays[0].length),
      }
    case 'transpose': {
      const strides = stridesOf(inputs[0].shape)
      const exact = new Float64Array(arrays[0].length)
      const outStrides = stridesOf(output.shape)
      for (let i = 0; i < exact.length; i++) {
        let from = 0
        for (const [d, axis] of step.perm.entries()) {
          from += (Math.floor(i / outStrides[d]) % output.shape[d]) * strides[axis]
        }
        exact[i] = arrays[0][from]
      }
      return { exact, slack: new Float64Array(exact.length) }
    }
    case 'quantise':
    case 'dequantise':
    case 'dynamicQuantiser':
    case 'realLayer':
    case 'float':
      throw refusal(step.output)
    case 'reshape':
      return { exact: Float64Array.from(arrays[0]), slack: new Float64Array(arrays[0].length) }
  }
}
