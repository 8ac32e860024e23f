// Small ONNX models, in the form that the codec writes.

const attribute = (value) => {
  if (Array.isArray(value)) return { kind: 'ints', value }
  return typeof value === 'string' ? { kind: 'string', value } : { kind: 'int', value }
}

/** A node; integer, integer list and text attributes. `domain` '' is the standard set. */
export function node(op, inputs, outputs, attributes = {}, domain = '') {
  const entries = Object.entries(attributes).map(([key, value]) => [key, attribute(value)])
  return { name: `${op}_${outputs[0]}`, op, domain, inputs, outputs, attributes: new Map(entries) }
}

/** A model. `feeds`: the tensors that are inputs; `constants`: those in the file; `outputs`: {name: [type, rank]}. */
export function model({ nodes, feeds, constants = {}, outputs, opset = 21 }) {
  return {
    irVersion: 10,
    opsets: new Map([['', opset]]),
    producerName: 'quant-trim exact',
    producerVersion: '',
    metadata: new Map(),
    graph: {
      name: 'exact',
      inputs: Object.entries(feeds).map(([name, { type, dims }]) => ({ name, type, dims })),
      outputs: Object.entries(outputs).map(([name, type]) => ({ name, type, dims: null })),
      initialisers: new Map(Object.entries(constants)),
      nodes,
    },
  }
}
