import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import type { Tensor } from '../../../engine/core/tensor.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { operators } from '../../../quant/operators/table.ts'
import { countElements, engineType, fromEngine, onnxTensor, toEngine, zeroTensor } from '../elements.ts'
import type { OnnxNode, OnnxTensor, OnnxType } from '../model.ts'
import { GraphAssembler } from './assembler.ts'
import { roundToType } from './convert.ts'
import { NodeBuilder } from './nodeBuilder.ts'
import { checkInputs, isMoved, type OnnxCall, type OnnxOperator } from './operators/operator.ts'

/**
 * One operator on values: by its own `evaluate`, or through the graph that its `build` makes, so that what is computed here is
 * what an imported model computes. Types that a graph does not hold are moved by index, where the operator only moves;
 * float16 and bfloat16 are computed in float32 and rounded. Throws `UnsupportedError` for a type or form that neither way
 * takes, and `ShapeError` or `FormatError` for inputs that do not fit.
 */
export function evaluateNode(operator: OnnxOperator, node: OnnxNode, call: OnnxCall): OnnxTensor[] {
  checkInputs(operator, (i) => (call.inputs[i] ?? null) !== null)
  const foreign = call.inputs.filter((input) => input !== null && !isHeld(input.type))
  const evaluates = operator.evaluates?.(call) ?? (operator.moves === undefined && foreign.length > 0)
  if (operator.evaluate && (evaluates || !operator.build)) return operator.evaluate(call)
  if (!operator.build) throw new UnsupportedError(`${operator.name}: it can only be evaluated`)
  const moved = call.inputs.find((input, i) => input !== null && isMoved(operator, i))
  if (moved && engineType(moved.type) === null) return moveElements(operator, node, call, moved.type)
  if (moved) return runBuilt(operator, node, call)
  const half = call.inputs.find((input) => input?.type === 'float16' || input?.type === 'bfloat16')
  if (half) return computeWide(operator, node, call, half.type)
  return runBuilt(operator, node, call)
}

/** Whether a graph holds a type. int64 counts: where it is no data it is a shape, an axis or an index. */
function isHeld(type: OnnxType): boolean {
  return engineType(type) !== null || type === 'int64'
}

/** Computes in float32 what is given in a narrower type. */
function computeWide(
  operator: OnnxOperator,
  node: OnnxNode,
  call: OnnxCall,
  narrow: 'float16' | 'bfloat16',
): OnnxTensor[] {
  const widen = (input: OnnxTensor | null): OnnxTensor | null =>
    input !== null && input.type === narrow ? onnxTensor('float32', input.dims, input.data) : input
  const outputs = runBuilt(operator, node, { ...call, inputs: call.inputs.map(widen) })
  return outputs.map((output) => {
    if (output.type !== 'float32') return output
    const result = zeroTensor(narrow, output.dims)
    for (let i = 0; i < output.data.length; i++) result.data[i] = roundToType(narrow, output.data[i])
    return result
  })
}

/** Moves elements of any type: numbers them, lets the graph move the numbers, and fetches what they stand for. */
function moveElements(operator: OnnxOperator, node: OnnxNode, call: OnnxCall, type: OnnxType): OnnxTensor[] {
  // Number 0 is the zero that padding fills with.
  let count = 1
  const sources: OnnxTensor[] = []
  const inputs = call.inputs.map((input, i) => {
    if (input === null || !isMoved(operator, i)) return input
    if (input.type !== type) {
      throw new FormatError(`${operator.name}: input ${i} is ${input.type}, an earlier one ${type}; wanted one type`)
    }
    sources.push(input)
    const numbers = zeroTensor('int32', input.dims)
    for (let n = 0; n < numbers.data.length; n++) numbers.data[n] = count++
    return numbers
  })
  const elements = zeroTensor(type, [count])
  let offset = 1
  for (const { data } of sources) {
    ;(elements.data as Float32Array).set(data as Float32Array, offset)
    offset += data.length
  }
  return runBuilt(operator, node, { ...call, inputs }).map((numbers) => {
    const result = zeroTensor(type, numbers.dims)
    for (let i = 0; i < numbers.data.length; i++) result.data[i] = elements.data[Number(numbers.data[i])]
    return result
  })
}

/** Builds the graph of one node, feeds it and runs it. */
function runBuilt(operator: OnnxOperator, node: OnnxNode, call: OnnxCall): OnnxTensor[] {
  const assembler = new GraphAssembler(operator.name)
  const feeds: Record<string, Tensor> = {}
  const inputs = call.inputs.map((input, i) => {
    if (input === null) return ''
    const name = `input ${i}`
    if (operator.constants?.includes(i) || engineType(input.type) === null) {
      assembler.set(name, { kind: 'constant', tensor: input, isInitialiser: false })
    } else {
      assembler.addInput(name, input.type, input.dims)
      feeds[name] = toEngine(input, `${operator.name}: input ${i}`)
    }
    return name
  })
  const outputs = Array.from({ length: call.outputs }, (_, i) => `output ${i}`)
  const builder = new NodeBuilder(assembler, { ...node, name: '', inputs, outputs }, call.attributes, call.opset)
  operator.build?.(builder)

  const values = outputs.map((name) => assembler.value(name))
  const computed = outputs.filter((_, i) => values[i].kind === 'tensor')
  for (const value of values) {
    if (value.kind === 'tensor') countElements(value.spec.shape as number[], call.maxElements, operator.name)
  }
  let results: Record<string, Tensor> = {}
  if (computed.length > 0) {
    const { graph, parameters } = assembler.finish(computed)
    results = noGrad(() => runGraph(graph, parameters, feeds, { operators }))
  }
  return values.map((value, i) => {
    if (value.kind === 'refused') throw new UnsupportedError(`${operator.name}: it was refused`)
    return value.kind === 'constant' ? value.tensor : fromEngine(results[outputs[i]], value.type)
  })
}
