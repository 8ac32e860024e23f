/** From a quantised graph to the steps of a program. */

import { FormatError, NumericError, ShapeError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { GraphNode } from '../../../engine/graph/graph.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import type { StepContext } from '../../../quant/integer/lower/context.ts'
import { covers } from '../../../quant/integer/lower/coverage.ts'
import { composeClamps, type FusedNode, isAbsorbing } from '../../../quant/integer/lower/fuse.ts'
import { layerRole, layerStep } from '../../../quant/integer/lower/layerStep.ts'
import { lowerOperator } from '../../../quant/integer/lower/lowerOperator.ts'
import { requantiseStep } from '../../../quant/integer/lower/rescale.ts'
import type { IntegerProgram, ProgramValue, Step } from '../../../quant/integer/program.ts'
import { biasConstant } from './layerConstants.ts'
import type { LayerConstants, QuantisedNode, QuantisedValue } from './tensors.ts'

/** What `lowerQuantised` takes: the nodes of a quantised graph between two of its values. */
export interface QuantisedModel {
  readonly name: string
  readonly nodes: readonly QuantisedNode[]
  readonly input: QuantisedValue
  readonly output: QuantisedValue
  /** See `arithmeticNotes`. */
  readonly notes: ReadonlyMap<string, string>
}

/** The operators that are means; a back end may have a rule for each. */
const means: readonly OpName[] = ['AveragePool', 'GlobalAveragePool', 'ReduceMean']

/** The program of a quantised model. What a node cannot become is added to `problems`. */
export function lowerQuantised(model: QuantisedModel, backend: Backend, problems: string[]): IntegerProgram {
  const nodes = fuseLimits(model)
  const names = nameValues([model.input, ...nodes.map(({ output }) => output)])
  const nameOf = (value: QuantisedValue): string => names.get(value) as string
  const values = new Map<string, ProgramValue>()
  for (const [value, name] of names) {
    const { scale, zeroPoint, qmin, qmax } = value.quantiser
    values.set(name, { name, shape: value.shape, scale, zeroPoint, qmin, qmax })
  }
  const context: StepContext = { backend, values, constants: new Map() }
  const stepNames = new Set<string>()
  const steps: Step[] = []
  for (const quantised of nodes) {
    const output = nameOf(quantised.output)
    const inputs = quantised.inputs.map(nameOf)
    const name = unused(quantised.op === 'Requantise' ? output : quantised.name, stepNames)
    try {
      steps.push(...stepsOf(quantised, { name, inputs, output, note: model.notes.get(name) }, context))
    } catch (error) {
      if (!isRefusal(error)) throw error
      problems.push(`node '${quantised.name}' (${quantised.op}): ${error.message}`)
    }
  }
  return {
    header: {
      format: 1,
      name: model.name,
      backend: backend.name,
      input: { value: nameOf(model.input), rounding: backend.rounding.input },
      output: nameOf(model.output),
      values: [...values.values()],
      steps,
    },
    constants: context.constants,
  }
}

/** Whether an error says that a model is beyond what is read or computed here. */
export function isRefusal(error: unknown): error is Error {
  return [FormatError, NumericError, ShapeError, UnsupportedError].some((kind) => error instanceof kind)
}

/**
 * The nodes, each limit of codes taken in by the operator that made them, where nothing else reads those: the form in
 * which `fuseActivations` leaves a graph.
 */
function fuseLimits({ nodes, output }: QuantisedModel): QuantisedNode[] {
  const uses = new Map<QuantisedValue, number>([[output, 1]])
  for (const { inputs } of nodes) for (const value of inputs) uses.set(value, (uses.get(value) ?? 0) + 1)
  const fused: QuantisedNode[] = []
  const placeOf = new Map<QuantisedValue, number>()
  for (const node of nodes) {
    const [input] = node.inputs
    const place = placeOf.get(input)
    const maker = place === undefined ? undefined : fused[place]
    if (
      node.op === 'Clip' &&
      place !== undefined &&
      maker !== undefined &&
      isAbsorbing(maker) &&
      uses.get(input) === 1
    ) {
      fused[place] = { ...maker, output: node.output, clamp: composeClamps(maker.clamp, node.clamp) }
      placeOf.set(node.output, place)
    } else placeOf.set(node.output, fused.push(node) - 1)
  }
  return fused
}

/** The name of each value: its own, with a number where another has that. */
function nameValues(values: readonly QuantisedValue[]): Map<QuantisedValue, string> {
  const taken = new Set<string>()
  return new Map(values.map((value) => [value, unused(value.name, taken)]))
}

function unused(base: string, taken: Set<string>): string {
  let name = base
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`
  taken.add(name)
  return name
}

/** Where a node lies in the program, and what the file notes of it. */
interface Place {
  readonly name: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly note: string | undefined
}

function stepsOf({ op, attributes, clamp, layer }: QuantisedNode, place: Place, context: StepContext): Step[] {
  const { name, inputs, output, note } = place
  if (op === 'Requantise') return [requantiseStep(name, inputs[0], output, context)]
  const limits = { min: clamp.lo, max: clamp.hi }
  const node: GraphNode = { name, op, inputs, outputs: [output], attributes: op === 'Clip' ? limits : attributes }
  const fused = { node, output, clamp }
  const steps = layer === undefined ? lowerOperator(fused, context) : [lowerLayer(fused, layer, context)]
  for (const step of steps) checkShift(step, context.backend)
  return note !== undefined && means.includes(op) ? notedMean(fused, steps, note, context) : steps
}

/** Whether a step is a mean with the arithmetic of a note. */
function isNoted([step]: readonly Step[], note: string): boolean {
  return step.op === 'averagePool' && JSON.stringify(step.arithmetic) === note
}

/**
 * A mean over the plane is three operators in ONNX, and an export need not write the one that the step came from: the
 * one that gives the arithmetic noted, or else `steps`, which the file's own gives.
 */
function notedMean({ node, ...rest }: FusedNode, steps: Step[], note: string, context: StepContext): Step[] {
  if (isNoted(steps, note)) return steps
  for (const op of means) {
    if (!covers(op, context.backend)) continue
    const other = lowerOperator({ node: { ...node, op }, ...rest }, context)
    if (isNoted(other, note)) return other
  }
  return steps
}

function lowerLayer(fused: FusedNode, { weight, bias }: LayerConstants, context: StepContext): Step {
  const { node } = fused
  const input = context.values.get(node.inputs[0]) as ProgramValue
  const { layers, bias: rule } = context.backend
  if (bias?.kind === 'real' && rule.kind === 'float') {
    return layerStep(fused, weight, null, context, { floatBias: bias.values })
  }
  const { product } = layers[layerRole(node, input)]
  const scales = { input: input.scale, weights: weight.scale, product }
  const constant = bias === null ? null : biasConstant(`${node.name}.bias`, bias, scales, context)
  return layerStep(fused, weight, constant, context)
}

/**
 * Throws `UnsupportedError` for a right shift beyond the back end's, which compiling would have chosen other scales
 * for.
 */
function checkShift(step: Step, { exponents, name }: Backend): void {
  if (exponents === undefined) return
  const { maximumShift } = exponents
  const shifts: readonly number[] =
    'requantiser' in step && step.requantiser.kind === 'shift-half-up'
      ? step.requantiser.shift
      : step.op === 'add' && step.arithmetic.kind === 'shift'
        ? [step.arithmetic.rightShift]
        : []
  const wrong = shifts.find((shift) => shift < 0 || shift > maximumShift)
  if (wrong === undefined) return
  throw new UnsupportedError(`its scales ask for a right shift of ${wrong}; back end ${name} has 0 to ${maximumShift}`)
}
