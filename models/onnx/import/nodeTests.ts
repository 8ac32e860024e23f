/** ONNX's backend node tests: what a case is, and whether our result is the expected one. */

import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import { formatShape, sameShape } from '../../../engine/base/shape.ts'
import { decodeModel, decodeTensor } from '../codec/decode.ts'
import { isFloat } from '../elements.ts'
import type { OnnxTensor } from '../model.ts'
import { checkEvaluable, evaluateModel } from './evaluateModel.ts'

/** ONNX's own tolerances for floating point results: |got - expected| <= absolute + relative |expected|. */
const RELATIVE = 1e-3
const ABSOLUTE = 1e-7

/** The files of one case. */
export interface NodeTestCase {
  /** The folder's name, such as 'test_add_bcast'. */
  readonly name: string
  readonly model: Uint8Array
  /** One for each test_data_set_*: the bytes of input_0.pb, input_1.pb ... and of output_0.pb ... */
  readonly dataSets: readonly { readonly inputs: readonly Uint8Array[]; readonly outputs: readonly Uint8Array[] }[]
}

/** What came of a case; `reason` says why it failed or is not supported. */
export type NodeTestResult =
  | { readonly name: string; readonly status: 'passed' }
  | { readonly name: string; readonly status: 'failed' | 'unsupported'; readonly reason: string }

/**
 * Runs a case: all outputs of all its data sets must have the expected type and shape, integers and bools be equal, floating
 * point numbers within ONNX's tolerances (rtol 1e-3, atol 1e-7). Never throws for what a file holds.
 */
export function runNodeTest({ name, model: bytes, dataSets }: NodeTestCase): NodeTestResult {
  try {
    const model = decodeModel(bytes)
    checkEvaluable(model)
    if (dataSets.length === 0) throw new FormatError('the case has no test_data_set_0')
    for (const { inputs, outputs } of dataSets) {
      const values = new Map<string, OnnxTensor>()
      for (const [i, input] of inputs.entries()) {
        const info = model.graph.inputs[i]
        if (info === undefined) throw new FormatError(`the model has no input ${i}`)
        values.set(info.name, decodeTensor(input).tensor)
      }
      const results = [...evaluateModel(model, values).values()]
      if (outputs.length !== results.length) {
        throw new FormatError(`the model has ${results.length} outputs, the case ${outputs.length}`)
      }
      for (const [i, output] of outputs.entries()) {
        const difference = compareTensors(results[i], decodeTensor(output).tensor)
        if (difference !== null) return { name, status: 'failed', reason: `output ${i}: ${difference}` }
      }
    }
    return { name, status: 'passed' }
  } catch (error) {
    const status = error instanceof UnsupportedError ? 'unsupported' : 'failed'
    return { name, status, reason: error instanceof Error ? error.message : String(error) }
  }
}

/** How a tensor differs from the one expected, in words, or null where it does not. */
export function compareTensors(got: OnnxTensor, expected: OnnxTensor): string | null {
  if (got.type !== expected.type || !sameShape(got.dims, expected.dims)) {
    return `got ${got.type} ${formatShape(got.dims)}, expected ${expected.type} ${formatShape(expected.dims)}`
  }
  let count = 0
  let first = -1
  for (let i = 0; i < expected.data.length; i++) {
    if (agrees(got.data[i], expected.data[i], isFloat(expected.type))) continue
    count++
    if (first < 0) first = i
  }
  if (count === 0) return null
  return `${count} of ${expected.data.length} elements differ; element ${first} is ${got.data[first]}, expected ${expected.data[first]}`
}

function agrees(got: number | bigint, expected: number | bigint, isNear: boolean): boolean {
  if (got === expected) return true
  if (!isNear) return false
  const a = Number(got)
  const b = Number(expected)
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b)
  return Number.isFinite(b) && Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.abs(b)
}
