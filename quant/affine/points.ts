import type { Graph, GraphNode } from '../../engine/graph/graph.ts'
import type { OpName } from '../../engine/ops/names.ts'

/** A weight that a back end quantises. */
export interface WeightPoint {
  /** The parameter's name. A parameter that several nodes use has a point for each. */
  readonly parameter: string
  /** The name of the node that uses it. */
  readonly node: string
  /**
   * Its dimension of output channels. ConvTranspose's [in, out / groups, kH, kW] holds, with groups, one slice of axis 1
   * for several output channels: channel o uses scale o mod (out / groups).
   */
  readonly axis: number
}

/** Where a back end quantises a graph. */
export interface QuantisationPoints {
  readonly weights: readonly WeightPoint[]
  /** Names of tensors: graph inputs first, then in the order in which the nodes produce them. */
  readonly activations: readonly string[]
}

/**
 * What an operator means to a quantising back end.
 * - 'layer': has a weight; a following batch norm, then Relu and Clip, are computed with it.
 * - 'affine': following Relu and Clip are computed with it.
 * - 'clamp': Relu and Clip, which are clamp bounds of what they follow; by themselves a point like any other.
 * - 'point': its result is quantised.
 * - 'inherits': moves or selects values, so that its result has its input's codes; so does what a Pad fills in.
 * - 'loss': training only, never quantised.
 */
type Role = 'layer' | 'affine' | 'clamp' | 'point' | 'inherits' | 'loss'

const roles = {
  Abs: 'point',
  Add: 'affine',
  AveragePool: 'point',
  BatchNormalization: 'affine',
  Clip: 'clamp',
  Concat: 'point',
  Conv: 'layer',
  ConvTranspose: 'layer',
  Div: 'affine',
  Erf: 'point',
  Exp: 'point',
  Expand: 'inherits',
  Flatten: 'inherits',
  Gather: 'inherits',
  Gelu: 'point',
  Gemm: 'layer',
  GlobalAveragePool: 'point',
  GlobalMaxPool: 'inherits',
  HardSigmoid: 'point',
  HardSwish: 'point',
  LayerNormalization: 'point',
  LeakyRelu: 'point',
  Log: 'point',
  LogSoftmax: 'point',
  MatMul: 'layer',
  Max: 'point',
  MaxPool: 'inherits',
  MeanSquaredError: 'loss',
  Min: 'point',
  Mul: 'affine',
  Neg: 'point',
  Pad: 'inherits',
  Pow: 'point',
  ReduceMax: 'inherits',
  ReduceMean: 'point',
  ReduceSum: 'point',
  Relu: 'clamp',
  Reshape: 'inherits',
  Resize: 'point',
  Sigmoid: 'point',
  Slice: 'inherits',
  Softmax: 'point',
  SoftmaxCrossEntropyLoss: 'loss',
  Softplus: 'point',
  Split: 'inherits',
  Sqrt: 'point',
  Squeeze: 'inherits',
  Sub: 'affine',
  Sum: 'affine',
  Swish: 'point',
  Tanh: 'point',
  Transpose: 'inherits',
  Unsqueeze: 'inherits',
  Where: 'point',
} satisfies Record<OpName, Role>

/**
 * Where a back end would quantise: the weights of convolutions and matrix products, the float graph inputs, and each
 * result that integer code would store. What is computed in one go counts once, at its last tensor: Conv, ConvTranspose,
 * Gemm or MatMul [+ BatchNormalization] [+ Relu | Clip ...], and Add, Sub, Mul, Div or a lone BatchNormalization
 * [+ Relu | Clip ...], as long as each tensor in between has one consumer and is no graph output. Operators that only
 * move or select values (MaxPool, Reshape, Flatten, Transpose ...) inherit their input's quantiser. Folding batch norms
 * before changes nothing but who produces a tensor. Biases and element-wise parameters are no points of their own.
 *
 * Example: image -> Conv -> BatchNormalization -> Relu 'r' -> MaxPool -> Flatten -> Gemm 'logits' gives weights of Conv
 * (axis 0) and Gemm (axis 0 with transB), activations image, r, logits.
 */
export function quantisationPoints(graph: Graph): QuantisationPoints {
  const floats = graph.parameters.filter(({ dtype = 'float32' }) => dtype === 'float32')
  const parameters = new Map(floats.map((parameter) => [parameter.name, parameter]))
  const following = soleConsumers(graph)
  const absorbed = new Set<GraphNode>()
  const pointAt = new Set<GraphNode>()
  const weights: WeightPoint[] = []
  for (const node of graph.nodes) {
    const role: Role = roles[node.op]
    if (role === 'layer') {
      for (const [index, axis] of weightAxes(node, (name) => parameters.get(name)?.shape.length)) {
        weights.push({ parameter: node.inputs[index], node: node.name, axis })
      }
    }
    if (absorbed.has(node) || role === 'inherits' || role === 'loss') continue
    let last = node
    const absorb = (next: GraphNode): void => {
      absorbed.add(next)
      last = next
    }
    if (role === 'layer') {
      const next = following.get(last.outputs[0])
      if (next?.op === 'BatchNormalization') absorb(next)
    }
    if (role === 'layer' || role === 'affine') {
      for (let next = following.get(last.outputs[0]); next && roles[next.op] === 'clamp'; ) {
        absorb(next)
        next = following.get(last.outputs[0])
      }
    }
    pointAt.add(last)
  }
  const inputs = graph.inputs.filter((input) => input.dtype === 'float32').map((input) => input.name)
  const produced = graph.nodes.filter((node) => pointAt.has(node)).map((node) => node.outputs[0])
  return { weights, activations: [...inputs, ...produced] }
}

/** The node that consumes a tensor as its data input, where it is the only use and the caller does not get it. */
function soleConsumers(graph: Graph): Map<string, GraphNode> {
  const uses = new Map<string, number>()
  const count = (name: string): void => {
    uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  for (const name of graph.outputs) count(name)
  for (const node of graph.nodes) node.inputs.forEach(count)
  const consumers = new Map<string, GraphNode>()
  for (const node of graph.nodes) if (uses.get(node.inputs[0]) === 1) consumers.set(node.inputs[0], node)
  return consumers
}

/** Which inputs of a layer are weights, and their output-channel axis. `rankOf` knows the parameters only. */
function weightAxes(node: GraphNode, rankOf: (name: string) => number | undefined): [index: number, axis: number][] {
  const [left, right] = node.inputs.map(rankOf)
  const found: [number, number][] = []
  switch (node.op) {
    case 'Conv':
      if (right !== undefined) found.push([1, 0])
      break
    case 'ConvTranspose':
      if (right !== undefined) found.push([1, 1])
      break
    case 'Gemm':
      if (left !== undefined) found.push([0, node.attributes.transA === 1 ? 1 : 0])
      if (right !== undefined) found.push([1, node.attributes.transB === 1 ? 0 : 1])
      break
    default:
      // MatMul: [..., M, K] by [..., K, N]; a vector has no output channel, its one axis is named.
      if (left !== undefined) found.push([0, Math.max(left - 2, 0)])
      if (right !== undefined) found.push([1, right - 1])
  }
  return found
}
