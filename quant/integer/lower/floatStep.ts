import type { FloatTensor } from '../../../engine/core/tensor.ts'
import type { GraphNode } from '../../../engine/graph/graph.ts'
import { quantise } from '../../affine/quantise.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import { codeRange } from '../../affine/scheme.ts'
import type { FloatingActivations } from '../backend.ts'
import { accumulatorBounds, checkExact } from '../bounds.ts'
import { roundFloat } from '../kernels/roundFloat.ts'
import type { FloatFormat, FloatOperand, FloatStep, WeightConstant } from '../program.ts'
import { type LoweringContext, valueNamed } from './context.ts'
import type { TensorForms } from './forms.ts'
import { clampOf, type FusedNode, isLayer } from './fuse.ts'
import { convWindow, packWeightCodes } from './layerStep.ts'
import { layerParameters } from './weights.ts'

/** Keeps a real constant, rounded to a format; returns its name. */
function keepFloat(name: string, data: Float32Array, format: FloatFormat, context: LoweringContext): string {
  const rounded = data.slice()
  roundFloat(rounded, format)
  context.constants.set(name, rounded)
  return name
}

/** Quantises a layer's weights and keeps their codes. */
function keepWeight(node: GraphNode, context: LoweringContext): WeightConstant {
  const { weight, shape } = layerParameters(node, context.parameters)
  const { backend, weightBits: bits } = context
  const quantiser = context.weightQuantisers.get(node.name) as Quantiser
  const codes = quantise(weight, shape, quantiser, { rounding: backend.rounding.weight }, new Int8Array(weight.length))
  const constant = `${node.name}.weight`
  context.constants.set(constant, packWeightCodes(codes, bits))
  const [zeroPoint] = quantiser.zeroPoint
  const scale = Array.from(quantiser.scale)
  return { constant, shape, bits, scale, ...(zeroPoint === 0 ? {} : { zeroPoint }) }
}

/** One operator on real numbers, from the real forms of what it reads to the value `output`. */
function floatStep(
  node: GraphNode,
  output: string,
  read: (tensor: string) => string,
  format: FloatFormat,
  context: LoweringContext,
): FloatStep {
  const { parameters, weightQuantisers } = context
  const inputs: string[] = []
  const operands = node.inputs.map((name, i): FloatOperand => {
    if (name === '') return { kind: 'absent' }
    if (i === 1 && weightQuantisers.has(node.name)) {
      const isTransposed = node.op === 'MatMul' || (node.op === 'Gemm' && node.attributes.transB !== 1)
      return { kind: 'weight', weight: keepWeight(node, context), transposed: isTransposed }
    }
    const parameter = parameters.get(name) as FloatTensor | undefined
    if (parameter === undefined) {
      inputs.push(read(name))
      return { kind: 'input' }
    }
    const constant = keepFloat(`${node.name}.${i}`, parameter.data, format, context)
    return { kind: 'constant', constant, shape: parameter.shape }
  })
  const isBatchNorm = node.op === 'BatchNormalization'
  const attributes = isBatchNorm ? { ...node.attributes, training_mode: 0 } : node.attributes
  return { op: 'float', name: node.name, inputs, output, operator: node.op, attributes, operands }
}

/** Lowers a fused node to operators on real numbers, one step each. `chain` are the activations behind it. */
export function lowerFloat(
  { node }: FusedNode,
  chain: readonly GraphNode[],
  format: FloatFormat,
  forms: TensorForms,
  context: LoweringContext,
): void {
  for (const each of [node, ...chain]) {
    const step = floatStep(each, each.outputs[0], (tensor) => forms.read(tensor, 'real'), format, context)
    forms.steps.push(step)
    forms.make(each.outputs[0], 'real')
  }
}

/**
 * Lowers a layer whose input is quantised by itself and whose sums become real numbers: 'quantise' (with 'dynamic' behind a
 * 'dynamicQuantiser'), then 'realLayer'. Throws `NumericError` where the sums could leave the integers of a double.
 */
export function lowerRealLayer(
  fused: FusedNode,
  { layers, format }: FloatingActivations,
  forms: TensorForms,
  context: LoweringContext,
): void {
  const { node, output, clamp } = fused
  const { backend, values } = context
  const [tensor] = node.inputs
  const { qmin, qmax } = codeRange(backend.activations)
  const { bias } = layerParameters(node, context.parameters)
  const inputs: string[] = []
  if (layers === 'dynamic') {
    const range = `${tensor}.range`
    const codes = `${tensor}.codes`
    if (!values.has(codes)) {
      const real = forms.read(tensor, 'real')
      forms.steps.push({ op: 'dynamicQuantiser', name: range, inputs: [real], output: range, qmin, qmax })
      forms.floats.push({ name: range, shape: [2], format: 'f32' })
      const rounding = backend.rounding.input
      forms.steps.push({ op: 'quantise', name: codes, inputs: [real, range], output: codes, rounding })
      values.set(codes, { name: codes, shape: forms.shapeOf(tensor), scale: 1, zeroPoint: 0, qmin, qmax })
    }
    inputs.push(codes, range)
  } else inputs.push(forms.read(tensor, 'codes'))
  const weight = keepWeight(node, context)
  // A dynamic zero point may be any code.
  const widest = { qmin: 0, qmax: qmax - qmin, zeroPoint: 0 }
  const input = layers === 'dynamic' ? widest : valueNamed(context, inputs[0])
  checkExact(node.name, accumulatorBounds({ weight, bias: null }, input, context.constants))
  const finite = (bound: number): number | null => (Number.isFinite(bound) ? bound : null)
  forms.steps.push({
    op: 'realLayer',
    name: node.name,
    inputs,
    output,
    window: node.op === 'Conv' ? convWindow(node.attributes, weight.shape) : null,
    weight,
    bias: bias === null ? null : keepFloat(`${node.name}.bias`, bias, format, context),
    low: finite(clamp.lo),
    high: finite(clamp.hi),
  })
  forms.make(output, 'real')
}

/** The activations that a fused node takes in, in order: the chain from its operator's result to its output. */
export function activationsOf({ node, output }: FusedNode, nodes: readonly GraphNode[]): GraphNode[] {
  const chain: GraphNode[] = []
  for (let at = node.outputs[0]; at !== output; ) {
    const next = nodes.find((candidate) => candidate.inputs[0] === at && clampOf(candidate) !== null) as GraphNode
    chain.push(next)
    at = next.outputs[0]
  }
  return chain
}

/** Whether a layer's weights are kept as codes although it is computed on real numbers. */
export function hasCodedWeights(
  node: GraphNode,
  { backend, parameters }: Pick<LoweringContext, 'backend' | 'parameters'>,
): boolean {
  const weight = isLayer(node) && backend.floating !== undefined ? parameters.get(node.inputs[1]) : undefined
  return weight !== undefined && (node.op === 'Conv' || weight.shape.length === 2)
}
