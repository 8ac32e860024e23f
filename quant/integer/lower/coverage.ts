import { UnsupportedError } from '../../../engine/base/errors.ts'
import { formatShape, type Shape, type SymbolicShape, sameShape } from '../../../engine/base/shape.ts'
import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'
import type { Backend } from '../backend.ts'
import { floatObstacle } from './floatObstacle.ts'
import { isLayer } from './fuse.ts'
import { isTableFunction } from './tableFunction.ts'

/** A tensor's shape without the batch. `placeNodes` has made sure that the rest is known. */
export function unbatched(shape: SymbolicShape): Shape {
  return shape.slice(1) as number[]
}

/** Why a node cannot be lowered, or null. `specs` are the shapes of the graph's tensors. */
function obstacle(node: GraphNode, graph: Graph, specs: ReadonlyMap<string, TensorSpec>): string | null {
  const parameters = new Set(graph.parameters.map(({ name }) => name))
  const { attributes, inputs } = node
  const shapeOf = (name: string): SymbolicShape => specs.get(name)?.shape ?? []
  const hasWeight = isLayer(node)
  const data = hasWeight ? inputs.slice(0, 1) : inputs
  const constant = data.find((name) => parameters.has(name))
  if (node.op !== 'BatchNormalization' && constant !== undefined) return `its input '${constant}' is a constant`
  for (const name of [...data, ...node.outputs]) {
    if (unbatched(shapeOf(name)).some((extent) => extent === null)) {
      return `'${name}' is ${formatShape(shapeOf(name))}: only the batch may be unknown`
    }
  }
  if (node.outputs.length > 1) return `it has ${node.outputs.length} outputs`
  if (hasWeight) {
    const computed = inputs.slice(1).find((name) => name !== '' && !parameters.has(name))
    if (computed !== undefined) return `its weight or bias '${computed}' is computed`
  }
  switch (node.op) {
    case 'Gemm': {
      const { transA = 0, alpha = 1, beta = 1 } = attributes
      if (transA !== 0 || alpha !== 1 || beta !== 1) return 'wanted transA 0, alpha 1, beta 1'
      const features = shapeOf(node.outputs[0])[1]
      if (inputs[2] && !sameShape(shapeOf(inputs[2]), [features])) return `wanted a bias of [${features}]`
      return null
    }
    case 'MatMul': {
      const weight = shapeOf(inputs[1])
      if (weight.length !== 2) return `wanted a constant matrix on the right, got ${formatShape(weight)}`
      return shapeOf(inputs[0]).length >= 2 ? null : 'wanted a batch of vectors on the left'
    }
    case 'Add':
    case 'Mul':
      return sameShape(shapeOf(inputs[0]), shapeOf(inputs[1])) ? null : 'its inputs differ in shape'
    case 'Concat': {
      const axis = Number(attributes.axis)
      return axis === 0 || axis === -shapeOf(node.outputs[0]).length ? 'it joins along the batch' : null
    }
    case 'Flatten':
    case 'Reshape': {
      const [from] = shapeOf(inputs[0])
      const size = (name: string): number => unbatched(shapeOf(name)).reduce((a, b) => a * b, 1)
      const [to] = shapeOf(node.outputs[0])
      return size(inputs[0]) === size(node.outputs[0]) && from === to ? null : 'it changes the batch'
    }
    case 'Softmax': {
      const axis = Number(attributes.axis ?? -1)
      return axis === 0 || axis === -shapeOf(inputs[0]).length ? 'it normalises along the batch' : null
    }
    case 'ReduceMean': {
      const rank = shapeOf(inputs[0]).length
      const axes = (attributes.axes as readonly number[] | undefined) ?? []
      const reduced = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
      return rank === 4 && sameShape(reduced, [2, 3]) ? null : 'wanted the mean over the plane of [N, C, H, W]'
    }
    case 'Transpose':
      return (attributes.perm as readonly number[] | undefined)?.[0] === 0 ? null : 'it moves the batch'
    case 'BatchNormalization':
      return 'it cannot be folded into a layer'
    case 'AveragePool':
    case 'Clip':
    case 'Conv':
    case 'GlobalAveragePool':
    case 'MaxPool':
    case 'Relu':
      return null
    default:
      return isTableFunction(node.op) ? null : 'it has no integer form'
  }
}

/** Whether a covered operator lacks the rule that its arithmetic needs: a mistake in the back end's data. */
function lacksRule(op: string, backend: Backend): boolean {
  if (op === 'Mul') return backend.mul === undefined
  if (op === 'Softmax') return backend.softmax === undefined
  if (op === 'ReduceMean') return backend.mean === undefined
  return isTableFunction(op) && backend.tables?.[op] === undefined
}

/** Whether a back end computes an operator on codes: it covers it, and has the rule for it. */
export function covers(op: string, backend: Backend): boolean {
  return (backend.operators as readonly string[]).includes(op) && !lacksRule(op, backend)
}

/** Where a node is computed: on codes, as a layer on codes whose sums become real numbers, or on real numbers. */
export type Place = 'codes' | 'realLayer' | 'float'

/**
 * Decides for every node where it is computed, or throws one `UnsupportedError` that lists everything in the graph that the back end, its
 * fallback or the integer path cannot express, each by node name, operator and reason.
 * Example: a Sigmoid that is not covered goes to 'float' where there is a fallback.
 */
export function placeNodes(
  graph: Graph,
  specs: ReadonlyMap<string, TensorSpec>,
  backend: Backend,
): ReadonlyMap<GraphNode, Place> {
  const found: string[] = []
  const places = new Map<GraphNode, Place>()
  const { floating, fallback } = backend
  if (graph.inputs.length !== 1 || graph.inputs[0].dtype !== 'float32') {
    found.push(`${graph.inputs.length} inputs; wanted one of float32`)
  }
  if (graph.outputs.length !== 1) found.push(`${graph.outputs.length} outputs; wanted one`)
  if (graph.outputs.some((name) => graph.parameters.some((parameter) => parameter.name === name))) {
    found.push('an output that is a parameter')
  }
  for (const node of graph.nodes) {
    const reason = covers(node.op, backend) ? obstacle(node, graph, specs) : 'not covered'
    const integer: Place = floating === undefined ? 'codes' : 'realLayer'
    const isInteger = floating === undefined || (isLayer(node) && floating.layers !== 'real')
    if (reason === null && isInteger) {
      places.set(node, integer)
      continue
    }
    const wrong = fallback === undefined && floating === undefined ? reason : floatObstacle(node, graph, specs)
    if (wrong === null) places.set(node, 'float')
    else found.push(`node '${node.name}' (${node.op}): ${wrong}`)
  }
  if (found.length > 0) {
    const rest = fallback === undefined ? '' : '; what else it can, it runs in float'
    throw new UnsupportedError(
      `compile: back end ${backend.name} cannot express graph ${graph.name}: ${found.join('; ')}; it covers ${[...backend.operators].sort().join(', ')}${rest}`,
    )
  }
  return places
}
