import type { OpName } from '../../../../engine/ops/names.ts'
import { isFloat } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import { type BinaryRule, evaluateBinary } from '../elementwise.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'

/** Types that graphs do not compute with; float16 too, so that it is rounded once an operation. */
function notFloat32({ inputs }: OnnxCall): boolean {
  return inputs.some((input) => input !== null && input.type !== 'float32')
}

/** The rule applied from left to right to all inputs. */
function evaluateAll(name: string, rule: BinaryRule, { inputs, maxElements }: OnnxCall): OnnxTensor[] {
  const [first, ...others] = inputs as OnnxTensor[]
  return [others.reduce((result, input) => evaluateBinary(result, input, rule, maxElements, name), first)]
}

function binary(name: OpName, rule: BinaryRule): OnnxOperator {
  return {
    name,
    since: 7,
    requires: 2,
    build(node) {
      node.emit(
        name,
        [0, 1].map((input) => node.float(input, isBias(name, node.isInitialiser(input), node.shape(input)))),
      )
    },
    evaluates: notFloat32,
    evaluate: (call) => evaluateAll(name, rule, call),
  }
}

/** An initialiser that is added and is no single number is the bias of a layer. */
function isBias(name: OpName, isInitialiser: boolean, shape: readonly unknown[]): boolean {
  return name === 'Add' && isInitialiser && shape.length > 0
}

function variadic(name: OpName, since: number, rule: BinaryRule): OnnxOperator {
  return {
    name,
    since,
    build(node) {
      node.emit(
        name,
        Array.from({ length: node.inputCount }, (_, input) => node.float(input)),
      )
    },
    evaluates: notFloat32,
    evaluate: (call) => evaluateAll(name, rule, call),
  }
}

const add: BinaryRule = { number: (a, b) => a + b, big: (a, b) => a + b }

/** ONNX Add: integers wrap. */
export const Add = binary('Add', add)
/** ONNX Sub: integers wrap. */
export const Sub = binary('Sub', { number: (a, b) => a - b, big: (a, b) => a - b })
/** ONNX Mul: integers wrap. */
export const Mul = binary('Mul', {
  // A product of two 32-bit integers need not be exact in a double; its low 32 bits are what counts.
  number: (a, b, type) => (isFloat(type) ? a * b : Math.imul(a, b)),
  big: (a, b) => a * b,
})
/** Integers are divided towards 0; by 0 they give 0, which ONNX leaves open. */
export const Div = binary('Div', {
  number: (a, b, type) => (isFloat(type) || b !== 0 ? a / b : 0),
  big: (a, b) => (b === 0n ? 0n : a / b),
})
/** ONNX Sum of one tensor or more, added from left to right. */
export const Sum = variadic('Sum', 8, add)
/** ONNX Max of one tensor or more; NaN wins. */
export const Max = variadic('Max', 8, { number: (a, b) => Math.max(a, b), big: (a, b) => (a > b ? a : b) })
/** ONNX Min of one tensor or more; NaN wins. */
export const Min = variadic('Min', 8, { number: (a, b) => Math.min(a, b), big: (a, b) => (a < b ? a : b) })
