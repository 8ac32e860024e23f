/** The real arithmetic of steps that work element by element, or row by row: for one image, in double. */

import { sizeOf } from '../../engine/base/shape.ts'
import { exp } from '../../engine/kernels/transcendental/exp.ts'
import { evaluateExactly } from '../integer/lower/tableFunction.ts'
import type { AddStep, MulStep, ProgramValue, RequantiseStep, SoftmaxStep, TableStep } from '../integer/program.ts'
import { emptyResult, limit, type StepResult } from './simulateStep.ts'
import { addSlack, mulSlack, rescaleSlack, softmaxSlack, tableSlack } from './slack.ts'

/** A sum of two dequantised tensors. Example: 0.5 + 0.25, s = 0.5, z = 1: exact 2.5. */
export function simulateAdd(
  step: AddStep,
  [a, b]: readonly Int32Array[],
  [left, right]: readonly ProgramValue[],
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  for (let i = 0; i < result.exact.length; i++) {
    const x = ((a[i] - left.zeroPoint) * left.scale) / output.scale
    const y = ((b[i] - right.zeroPoint) * right.scale) / output.scale
    result.exact[i] = limit(x + y + output.zeroPoint, step.low, step.high)
    result.slack[i] = addSlack(step.arithmetic, Math.abs(x), Math.abs(y))
  }
  return result
}

/** A product of two dequantised tensors. Example: 0.5 * 0.25, s = 0.125, z = 1: exact 2. */
export function simulateMul(
  step: MulStep,
  [a, b]: readonly Int32Array[],
  [left, right]: readonly ProgramValue[],
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  for (let i = 0; i < result.exact.length; i++) {
    const v = ((a[i] - left.zeroPoint) * left.scale * ((b[i] - right.zeroPoint) * right.scale)) / output.scale
    result.exact[i] = limit(v + output.zeroPoint, step.low, step.high)
    result.slack[i] = mulSlack(step.arithmetic, v)
  }
  return result
}

/** A function of dequantised codes. Example: Sigmoid of 0, s = 1/256, z = -128: exact 0. */
export function simulateTable(
  step: TableStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  for (let i = 0; i < codes.length; i++) {
    const offset = codes[i] - input.zeroPoint
    const x = offset * input.scale
    const v = evaluateExactly(step.function, step.attributes, x) / output.scale
    result.exact[i] = limit(v + output.zeroPoint, output.qmin, output.qmax)
    result.slack[i] = tableSlack(step.rule, offset, v, x / output.scale)
  }
  return result
}

/** Another quantiser. Example: 0.75, s = 0.5, z = 3: exact 4.5. */
export function simulateRescale(
  step: RequantiseStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  for (let i = 0; i < codes.length; i++) {
    const offset = codes[i] - input.zeroPoint
    const v = (offset * input.scale) / output.scale
    result.exact[i] = limit(v + output.zeroPoint, output.qmin, output.qmax)
    result.slack[i] = rescaleSlack(step.arithmetic, offset, v)
  }
  return result
}

/** A softmax of dequantised codes. Example: two equal codes, s = 1/256, z = -128: exact 0 each. */
export function simulateSoftmax(
  step: SoftmaxStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  const { shape } = output
  const extent = shape[step.axis]
  const inner = sizeOf(shape.slice(step.axis + 1))
  for (let i = 0; i < codes.length; i++) {
    const start = i - (Math.floor(i / inner) % extent) * inner
    let sum = 0
    for (let k = 0; k < extent; k++) sum += exp((codes[start + k * inner] - codes[i]) * input.scale)
    const v = 1 / sum / output.scale
    result.exact[i] = limit(v + output.zeroPoint, output.qmin, output.qmax)
    result.slack[i] = softmaxSlack(step.arithmetic, v, output.scale)
  }
  return result
}
