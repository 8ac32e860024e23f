import { UsageError } from '../../../engine/base/errors.ts'
import type { Graph, GraphNode, Parameters } from '../../../engine/graph/graph.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'
import { type Quantiser, quantiserFromRange, type ValueRange } from '../../affine/quantiser.ts'
import type { Backend } from '../backend.ts'
import type { ConstantArray, FloatValue, ProgramValue, Step } from '../program.ts'
import type { LoweringContext } from './context.ts'
import { type Place, unbatched } from './coverage.ts'
import { activationsOf, hasCodedWeights, lowerFloat, lowerRealLayer } from './floatStep.ts'
import { TensorForms } from './forms.ts'
import { type FusedNode, fuseActivations, isLayer } from './fuse.ts'
import { lowerNode } from './lowerNode.ts'
import { chooseQuantisers } from './quantisers.ts'
import { layerQuantiser } from './weights.ts'

/** What is lowered. */
export interface LoweredModel {
  readonly graph: Graph
  readonly parameters: Parameters
  /** With the widths of its activations decided. */
  readonly backend: Backend
  readonly specs: ReadonlyMap<string, TensorSpec>
  readonly places: ReadonlyMap<GraphNode, Place>
  readonly weightBits: number
  readonly ranges: ReadonlyMap<string, ValueRange>
  readonly wideRanges: ReadonlyMap<string, ValueRange>
}

/** A program without its name. */
export interface LoweredGraph {
  readonly steps: Step[]
  readonly floats: FloatValue[]
  readonly values: ProgramValue[]
  readonly constants: Map<string, ConstantArray>
  readonly input: string
  readonly output: string
}

/** The names of the layers that the back end computes on 16-bit codes. */
function islandsOf(nodes: readonly FusedNode[], { backend, places }: LoweredModel): ReadonlySet<string> {
  const { islands } = backend
  const layers = nodes.filter(({ node }) => places.get(node) === 'codes' && isLayer(node))
  if (islands === undefined || layers.length === 0) return new Set()
  const names = layers.map(({ node }) => node.name)
  switch (islands.layers) {
    case 'last':
      return new Set(names.slice(-1))
    case 'first-and-last':
      return new Set([names[0], ...names.slice(-1)])
    default:
      return new Set(names.filter((name) => islands.layers.includes(name)))
  }
}

/** Ranges for every tensor: what a node on real numbers hands on has its first input's where it was not calibrated. */
function withInherited(ranges: ReadonlyMap<string, ValueRange>, graph: Graph): Map<string, ValueRange> {
  const all = new Map(ranges)
  for (const { inputs, outputs } of graph.nodes) {
    const range = all.get(inputs[0])
    if (range !== undefined && !all.has(outputs[0])) all.set(outputs[0], range)
  }
  return all
}

/** Lowers every node where `places` says, with the steps between that change a tensor's form. */
export function lowerGraph(model: LoweredModel): LoweredGraph {
  const { graph, parameters, backend, specs, places, weightBits } = model
  const nodes = fuseActivations(graph)
  const onCodes = nodes.filter(({ node }) => places.get(node) === 'codes')
  const islands = islandsOf(nodes, model)
  const quantisers = new Map<string, Quantiser>()
  for (const { node } of nodes) {
    const isInteger = isLayer(node) && places.get(node) !== 'float'
    if (!isInteger && !hasCodedWeights(node, { backend, parameters })) continue
    quantisers.set(node.name, layerQuantiser(node, parameters, backend, islands.has(node.name) ? 16 : weightBits))
  }
  const input = graph.inputs[0].name
  const ranges = withInherited(model.ranges, graph)
  const tensors = tensorsOnCodes(nodes, model)
  const chosen = chooseQuantisers(tensors, onCodes, ranges, quantisers, backend)

  const context: LoweringContext = {
    backend,
    weightBits,
    parameters,
    weightQuantisers: chosen.weights,
    islands,
    values: new Map(),
    constants: new Map(),
  }
  const wideRanges = withInherited(model.wideRanges, graph)
  const shapeOf = (tensor: string) => unbatched((specs.get(tensor) as TensorSpec).shape)
  const wide = (tensor: string): Quantiser => {
    const range = wideRanges.get(tensor)
    if (range === undefined) throw new UsageError(`lowering: tensor '${tensor}' was not calibrated`)
    const options = { minimumRange: backend.minimumRange }
    return quantiserFromRange(range.lo, range.hi, { ...backend.activations, bits: 16 }, options)
  }
  const codes = (tensor: string): Quantiser => chosen.tensors.get(tensor) as Quantiser
  const format = backend.floating?.format ?? backend.fallback?.format ?? 'f32'
  const forms = new TensorForms(context, shapeOf, { codes, wide }, format, backend.islands?.rescale)

  // Values in the order of the graph, as far as they are not made later.
  forms.make(input, inputForm(input, nodes, islands, model))
  for (const { node, output } of onCodes) forms.make(output, islands.has(node.name) ? 'wide' : 'codes')
  for (const fused of nodes) lowerFused(fused, forms, context, model)
  const { constants, values } = context
  return {
    steps: forms.steps,
    floats: forms.floats,
    values: [...values.values()],
    constants,
    input,
    output: graph.outputs[0],
  }
}

/** Lowers one node. */
function lowerFused(fused: FusedNode, forms: TensorForms, context: LoweringContext, model: LoweredModel): void {
  const { node, output } = fused
  const { backend, graph, places } = model
  const { fallback, floating } = backend
  switch (places.get(node) as Place) {
    case 'codes': {
      const isIsland = context.islands.has(node.name)
      const inputs = node.inputs.map((name) => {
        if (name === '' || model.parameters.has(name)) return name
        return isIsland && forms.isMade(name, 'wide') ? forms.read(name, 'wide') : forms.read(name, 'codes')
      })
      forms.steps.push(...lowerNode({ ...fused, node: { ...node, inputs } }, context))
      break
    }
    case 'realLayer':
      lowerRealLayer(fused, floating as NonNullable<typeof floating>, forms, context)
      break
    case 'float':
      lowerFloat(
        fused,
        activationsOf(fused, graph.nodes),
        floating?.format ?? fallback?.format ?? 'f32',
        forms,
        context,
      )
      if (fallback?.codes === 16) forms.keepWide(output)
  }
}

/** The tensors that have ordinary codes, the graph's input first. */
function tensorsOnCodes(nodes: readonly FusedNode[], { graph, backend, places }: LoweredModel): string[] {
  const input = graph.inputs[0].name
  const wanted = new Set<string>()
  if (backend.floating === undefined) wanted.add(input)
  for (const { node, output } of nodes) {
    const place = places.get(node)
    if (place === 'float' || (place === 'realLayer' && backend.floating?.layers !== 'static')) continue
    for (const name of node.inputs) wanted.add(name)
    if (place === 'codes') wanted.add(output)
  }
  return [input, ...nodes.map(({ output }) => output)].filter((name) => wanted.has(name))
}

/** The form that the graph's input is fed in: wide where only islands read it, real where activations are. */
function inputForm(
  input: string,
  nodes: readonly FusedNode[],
  islands: ReadonlySet<string>,
  { backend }: LoweredModel,
): 'codes' | 'wide' | 'real' {
  if (backend.floating !== undefined) return 'real'
  const readers = nodes.filter(({ node }) => node.inputs.includes(input))
  return readers.length > 0 && readers.every(({ node }) => islands.has(node.name)) ? 'wide' : 'codes'
}
