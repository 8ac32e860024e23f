import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import { describeNode } from '../describeNode.ts'
import type { OnnxModel, OnnxTensor } from '../model.ts'
import { listProblems } from '../problems.ts'
import { attributesOfNode, operatorOfNode, opsetOf, unknownParts } from './checkNodes.ts'
import { evaluateNode } from './evaluateNode.ts'

// Each operator states the first version that it reads. A set newer than any known one is read as that.
const OPSETS = { least: 1, most: Number.MAX_SAFE_INTEGER }

/**
 * Throws one `UnsupportedError` that names every operator, attribute and input type of a model that `evaluateModel` does not
 * know; types and forms that only show with values come up when it runs.
 */
export function checkEvaluable(model: OnnxModel): void {
  const problems = unknownParts(model, OPSETS)
  for (const { name, type } of model.graph.inputs) {
    if (type === null) problems.push(`input '${name}' is no tensor of a type that is read here`)
  }
  for (const { name, type } of model.graph.outputs) {
    if (type === null) problems.push(`output '${name}' is no tensor of a type that is read here`)
  }
  if (problems.length > 0) throw new UnsupportedError(listProblems('not supported', problems))
}

/**
 * Runs a model node by node on values of any type: the reference for what an import computes, and for models that are no graph.
 * Each node goes through the import of its operator where a graph can express it. `inputs` by name; returns the outputs by
 * name. Throws as `checkEvaluable` and `evaluateNode` do, and `FormatError` for an input that is missing.
 */
export function evaluateModel(
  model: OnnxModel,
  inputs: ReadonlyMap<string, OnnxTensor>,
  options: { readonly maxElements?: number } = {},
): Map<string, OnnxTensor> {
  const { maxElements = 2 ** 26 } = options
  checkEvaluable(model)
  const values = new Map<string, OnnxTensor>(model.graph.initialisers)
  for (const [name, tensor] of inputs) values.set(name, tensor)
  const fetch = (name: string, reader: string): OnnxTensor => {
    const value = values.get(name)
    if (value === undefined)
      throw new FormatError(`${reader} reads '${name}', which has no value; is it an input to feed?`)
    return value
  }
  for (const node of model.graph.nodes) {
    const operator = operatorOfNode(node)
    if (operator === undefined) throw new UnsupportedError(`${describeNode(node)}: the operator`)
    const results = evaluateNode(operator, node, {
      inputs: node.inputs.map((name) => (name === '' ? null : fetch(name, describeNode(node)))),
      attributes: attributesOfNode(node),
      opset: opsetOf(model),
      outputs: node.outputs.length,
      maxElements,
    })
    for (const [i, name] of node.outputs.entries()) if (name !== '' && results[i]) values.set(name, results[i])
  }
  return new Map(model.graph.outputs.map(({ name }) => [name, fetch(name, 'the model')]))
}
