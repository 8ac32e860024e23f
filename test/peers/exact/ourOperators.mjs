// Raw ONNX operators as this package computes them: the nodes of a model as a graph of quant/operators, run.

import { ours } from './ours.mjs'

/** int4 and uint4 are held a code an element in the tensors of graphs. */
const held = { int4: 'int8', uint4: 'uint8' }
const tensorOf = ({ type, dims, data }) => new ours.Tensor(held[type] ?? type, dims, data)

function graphOf({ graph }) {
  const { initialisers } = graph
  const specs = (tensors) =>
    [...tensors].map(([name, { type, dims }]) => ({
      name,
      dtype: held[type] ?? type,
      shape: dims.map((extent) => (typeof extent === 'string' ? null : extent)),
    }))
  return {
    name: graph.name,
    inputs: specs(graph.inputs.map((input) => [input.name, input])),
    outputs: graph.outputs.map(({ name }) => name),
    parameters: specs(initialisers).map((spec) => ({ ...spec, trainable: false })),
    nodes: graph.nodes.map((node) => {
      const attributes = Object.fromEntries([...node.attributes].map(([key, { value }]) => [key, value]))
      if (node.op === 'QuantizeLinear') attributes.output_dtype = initialisers.get(node.inputs[2]).type
      return { ...node, attributes }
    }),
  }
}

/** The elements of a model's outputs by name, as our operators give them. */
export function evaluate({ model, feeds }) {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, tensorOf(tensor)]))
  const parameters = new Map([...model.graph.initialisers].map(([name, tensor]) => [name, tensorOf(tensor)]))
  const { operators } = ours
  const outputs = ours.noGrad(() => ours.runGraph(graphOf(model), parameters, inputs, { operators }))
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]))
}

/** An operator whose cases say themselves what is expected: what our operators make of them. */
export function withOurOperators(operator) {
  return {
    ...operator,
    *cases(draw) {
      for (const test of operator.cases(draw)) yield { ...test, expected: () => evaluate(test) }
    },
  }
}
