import { ShapeError } from '../base/errors.ts'
import { formatShape, type SymbolicShape, sameShape } from '../base/shape.ts'
import { applyOp } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op } from '../ops/op.ts'
import { ops } from '../ops/table.ts'
import { checkGraph } from './checkGraph.ts'
import type { Graph, GraphNode, Parameters } from './graph.ts'
import { atNode, type OperatorTable, operatorOf } from './operator.ts'
import { checkParameters } from './parameters.ts'

/**
 * Hooks into a run: each sees a float32 tensor on its way and returns the one to use instead, of the same shape (the
 * tensor itself to change nothing). Fake quantisation and observers are taps.
 */
export interface Tap {
  /** A parameter, each time a node consumes it. */
  parameter?(name: string, value: FloatTensor, node: GraphNode<string>): FloatTensor
  /** A graph input, or a tensor that a node has produced: once each, before anything consumes it. */
  value?(name: string, value: FloatTensor): FloatTensor
}

/** How a graph is run. */
export interface RunOptions {
  /** Batch norm uses the batch's statistics and updates the running ones in `parameters`. Default false. */
  training?: boolean
  tap?: Tap
  /** The operators that nodes may name; default the engine's. Pass the same object each time: plans are kept by it. */
  operators?: OperatorTable
}

/** One node, ready to run. */
interface Step {
  readonly node: GraphNode<string>
  readonly op: Op
  /** Tensors that no later step and no output needs. */
  readonly release: readonly string[]
}

// Neither a graph nor a table is ever modified, so what was found out about them once stays true.
const plans = new WeakMap<OperatorTable, WeakMap<Graph<string>, readonly Step[]>>()

/** The checked steps of a graph. */
function planOf(graph: Graph<string>, operators: OperatorTable): readonly Step[] {
  const ofTable = plans.get(operators) ?? new WeakMap<Graph<string>, readonly Step[]>()
  const known = ofTable.get(graph)
  if (known !== undefined) return known
  checkGraph(graph, operators)
  const kept = new Set(graph.outputs)
  const steps: Step[] = []
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]
    const release: string[] = []
    for (const name of [...node.inputs, ...node.outputs]) {
      if (kept.has(name)) continue
      kept.add(name)
      release.push(name)
    }
    steps.push({ node, op: operatorOf(graph.name, node, operators), release })
  }
  steps.reverse()
  ofTable.set(graph, steps)
  plans.set(operators, ofTable)
  return steps
}

/** Whether a tensor of shape `actual` may be fed where `wanted` is declared; `null` takes any extent. */
function fits(actual: SymbolicShape, wanted: SymbolicShape): boolean {
  return actual.length === wanted.length && wanted.every((extent, i) => extent === null || extent === actual[i])
}

/** Throws `ShapeError` unless every input is fed with a tensor of its dtype and shape, and nothing else is. */
function checkFeeds(graph: Graph<string>, feeds: Readonly<Record<string, Tensor>>): void {
  const where = `graph ${graph.name}`
  const names = graph.inputs.map(({ name }) => `'${name}'`).join(', ')
  for (const { name, dtype, shape } of graph.inputs) {
    if (!Object.hasOwn(feeds, name)) throw new ShapeError(`${where}: input '${name}' was not fed; feed ${names}`)
    const fed = feeds[name]
    if (fed.dtype !== dtype) throw new ShapeError(`${where}: input '${name}' is ${fed.dtype}, wanted ${dtype}`)
    if (!fits(fed.shape, shape)) {
      throw new ShapeError(`${where}: input '${name}' is ${formatShape(fed.shape)}, wanted ${formatShape(shape)}`)
    }
  }
  for (const name of Object.keys(feeds)) {
    if (graph.inputs.some((input) => input.name === name)) continue
    throw new ShapeError(`${where}: there is no input '${name}' to feed; feed ${names}`)
  }
}

/** Throws `ShapeError` unless what a tap returned can stand for the tensor it was given. */
function checkTapped(graph: Graph<string>, name: string, given: FloatTensor, returned: FloatTensor): FloatTensor {
  if (returned.dtype === 'float32' && sameShape(returned.shape, given.shape)) return returned
  throw new ShapeError(
    `graph ${graph.name}: the tap returned ${returned.dtype} ${formatShape(returned.shape)} for '${name}', wanted float32 ${formatShape(given.shape)}`,
  )
}

/**
 * Runs a graph: computes its outputs, by name, from its parameters and from the tensors fed for its inputs. Records on
 * the tape like any operation, so `backward` works on the outputs; wrap the call in `noGrad` to keep nothing. An
 * intermediate tensor is dropped after its last use (unless the tape holds it).
 *
 * The one state is batch norm's: with `training`, each BatchNormalization normalises by its batch, and its running
 * statistics in `parameters` are overwritten. Its own attribute training_mode is ignored: `training` decides.
 *
 * Throws `ShapeError` for feeds or parameters that do not fit and for operators whose inputs do not (with graph, node
 * and operator named), and what `checkGraph` throws.
 */
export function runGraph(
  graph: Graph<string>,
  parameters: Parameters,
  feeds: Readonly<Record<string, Tensor>>,
  options: RunOptions = {},
): Record<string, Tensor> {
  const { training = false, tap = {}, operators = ops } = options
  const steps = planOf(graph, operators)
  checkParameters(graph, parameters)
  checkFeeds(graph, feeds)

  const values = new Map<string, Tensor>()
  const store = (name: string, value: Tensor): void => {
    if (tap.value === undefined || value.dtype !== 'float32') values.set(name, value)
    else values.set(name, checkTapped(graph, name, value as FloatTensor, tap.value(name, value as FloatTensor)))
  }
  const fetch = (name: string, node: GraphNode<string>): Tensor | null => {
    if (name === '') return null
    const value = values.get(name)
    if (value !== undefined) return value
    const parameter = parameters.get(name) as Tensor
    if (tap.parameter === undefined || parameter.dtype !== 'float32') return parameter
    const float = parameter as FloatTensor
    return checkTapped(graph, name, float, tap.parameter(name, float, node))
  }

  for (const { name } of graph.inputs) store(name, feeds[name])
  for (const { node, op, release } of steps) {
    const inputs = node.inputs.map((name) => fetch(name, node))
    const isBatchNorm = node.op === 'BatchNormalization'
    const attributes = isBatchNorm ? { ...node.attributes, training_mode: training ? 1 : 0 } : node.attributes
    const outputs = atNode(graph.name, node, () => applyOp(op, inputs, attributes))
    for (let i = 0; i < node.outputs.length; i++) store(node.outputs[i], outputs[i])
    if (isBatchNorm && training) updateStatistics(graph, node, parameters, outputs)
    for (const name of release) values.delete(name)
  }
  const results: Record<string, Tensor> = {}
  for (const name of graph.outputs) results[name] = values.get(name) as Tensor
  return results
}

/** Overwrites a batch norm's running mean and variance with the new ones, its second and third output in training. */
function updateStatistics(
  graph: Graph<string>,
  node: GraphNode<string>,
  parameters: Parameters,
  outputs: readonly Tensor[],
): void {
  for (let i = 0; i < 2; i++) {
    const name = node.inputs[3 + i]
    const running = parameters.get(name)
    if (running === undefined) {
      throw new ShapeError(
        `graph ${graph.name}: node '${node.name}': '${name}' is computed; to train, make it a parameter`,
      )
    }
    running.data.set(asFloat(outputs[1 + i], 'BatchNormalization').data)
  }
}
