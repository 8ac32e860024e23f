import { encodeModel } from './model.mjs'

/**
 * The ONNX model of one of our graphs with its parameters as constants. `shapes` gives each value's {dtype, shape}, as
 * `inferShapes` does. Our vocabulary is ONNX's, so nodes go over as they are; Reshape and Clip, whose attributes are
 * inputs in ONNX, do not occur here.
 */
export function modelFromGraph(graph, parameters, shapes) {
  return encodeModel({
    name: graph.name,
    inputs: graph.inputs,
    outputs: graph.outputs.map((name) => ({ name, ...shapes.get(name) })),
    nodes: graph.nodes,
    constants: [...parameters].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data })),
  })
}
