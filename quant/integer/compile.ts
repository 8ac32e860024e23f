import { UsageError } from '../../engine/base/errors.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import { foldBatchNorm } from '../../engine/graph/foldBatchNorm.ts'
import type { Graph, GraphNode, Parameters } from '../../engine/graph/graph.ts'
import { inferShapes } from '../../engine/graph/inferShapes.ts'
import type { TensorSpec } from '../../engine/ops/op.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import type { RewrittenModel } from '../passes/model.ts'
import { activationWidths, type Backend } from './backend.ts'
import { calibrate } from './calibrate.ts'
import { type Place, placeNodes } from './lower/coverage.ts'
import { lowerGraph } from './lower/lowerGraph.ts'
import { checkFinite } from './lower/weights.ts'
import type { ObserverSpec } from './observerSpec.ts'
import type { IntegerProgram } from './program.ts'
import { defaultPasses, runPasses } from './runPasses.ts'

/** How a checkpoint is compiled. */
export interface CompileOptions {
  /** Width of the weight codes; one of the back end's `weightBits`. Default 8. */
  readonly weightBits?: number
  /** Width of the activation codes; one of the back end's `activationBits`. Default: that of its scheme. */
  readonly activationBits?: number
  /** Batches of training images that activation ranges are estimated on. */
  readonly calibration: readonly FloatTensor[]
}

/** What `lower` takes beside the model. */
export interface LowerOptions extends Pick<CompileOptions, 'weightBits' | 'activationBits'> {
  /** The range of each tensor that `quantisationPoints` names. */
  readonly ranges: ReadonlyMap<string, ValueRange>
  /** The same for what has 16-bit codes, where the back end observes them otherwise. Default: `ranges`. */
  readonly wideRanges?: ReadonlyMap<string, ValueRange>
}

/**
 * Compiles a checkpoint for a back end: runs its passes (which fold batch norms), calibrates on the images, decides where each node is
 * computed, chooses quantisers and lowers every node. The model is not modified.
 * Example: compile(graph, parameters, findBackend('onnx-spec'), { weightBits: 4, calibration: [images] }).
 *
 * Throws `UsageError` for a width that the back end does not offer or without calibration images,
 * `UnsupportedError` listing everything it cannot express, `NumericError` for weights or activations that are not finite
 * and for accumulators that could overflow, and what the passes and the graph's own checks throw.
 */
export function compile(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  options: CompileOptions,
): IntegerProgram {
  const { weightBits, activationBits } = options
  const model = prepare(graph, parameters, backend, options)
  const { ranges, wideRanges } = model
  return lower(model.graph, model.parameters, backend, { weightBits, activationBits, ranges, wideRanges })
}

/** A model with its ranges: what `lower` takes. */
export interface PreparedModel extends RewrittenModel, Pick<LowerOptions, 'ranges' | 'wideRanges'> {}

/**
 * The part of `compile` before lowering: runs the back end's passes and calibrates. Throws what `compile` throws.
 * Example: for a Conv and a BatchNormalization, one Conv, and the ranges of its input and its result.
 */
export function prepare(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  { weightBits = 8, activationBits, calibration }: CompileOptions,
): PreparedModel {
  const { passes = defaultPasses } = backend
  const isFolded = passes.some(({ pass }) => pass === 'fold')
  const folded = isFolded ? foldBatchNorm(graph, parameters) : { graph, parameters }
  // Before passes and calibration, which take long: refuse what cannot be compiled anyway.
  check(folded.graph, folded.parameters, backend, weightBits, activationBits)
  const narrowed = withActivationBits(backend, activationBits)
  const model = runPasses(graph, parameters, narrowed, weightBits, calibration)
  const ranges = calibrate(model.graph, model.parameters, narrowed, calibration)
  const observer = backend.islands?.observer
  const wide = observer && { ...narrowed, calibration: { observer, images: backend.calibration.images } }
  const wideRanges = wide && calibrate(model.graph, model.parameters, wide, calibration)
  return { ...model, ranges, wideRanges }
}

/**
 * The part of `compile` behind calibration: lowers a graph whose batch norms are folded, with the given ranges.
 * Example: image in [0, 1], one Conv with output in [-2, 6], back end tfl-int8-q31: values of scale f32(1/255), z = -128, and
 * f32(8/255), z = -64, and one 'conv' step.
 */
export function lower(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  { weightBits = 8, activationBits, ranges, wideRanges = ranges }: LowerOptions,
): IntegerProgram {
  const { specs, places } = check(graph, parameters, backend, weightBits, activationBits)
  const narrowed = withActivationBits(backend, activationBits)
  const model = { graph, parameters, backend: narrowed, specs, places, weightBits, ranges, wideRanges }
  const { steps, floats, values, constants, input, output } = lowerGraph(model)
  return {
    header: {
      format: 1,
      name: graph.name,
      backend: backend.name,
      input: { value: input, rounding: backend.rounding.input },
      output,
      values,
      ...(floats.length > 0 ? { floats } : {}),
      steps,
    },
    constants,
  }
}

/** The back end with activations, and observers that look at codes, of so many bits. */
function withActivationBits(backend: Backend, bits: number | undefined): Backend {
  if (bits === undefined || bits === backend.activations.bits) return backend
  const narrow = (spec: ObserverSpec): ObserverSpec => {
    if (spec.kind === 'perBatch') return { ...spec, observer: narrow(spec.observer) }
    const hasBits = /^(entropy|mse|histogram|powerOfTwoMse)$/.test(spec.kind)
    return hasBits ? ({ ...spec, bits } as ObserverSpec) : spec
  }
  const { observer, inputObserver, images } = backend.calibration
  const input = inputObserver === undefined ? {} : { inputObserver: narrow(inputObserver) }
  const calibration = { observer: narrow(observer), images, ...input }
  return { ...backend, activations: { ...backend.activations, bits }, calibration }
}

/** Refuses what cannot be compiled; returns the shapes, and where each node is computed. */
function check(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  weightBits: number,
  activationBits: number | undefined,
): { specs: ReadonlyMap<string, TensorSpec>; places: ReadonlyMap<GraphNode, Place> } {
  if (!backend.weightBits.includes(weightBits)) {
    throw new UsageError(
      `compile: back end ${backend.name} has no ${weightBits}-bit weights; wanted ${backend.weightBits.join(' or ')}`,
    )
  }
  const widths = activationWidths(backend)
  if (activationBits !== undefined && !widths.includes(activationBits)) {
    const wanted = widths.length === 0 ? 'none: its activations are real numbers' : widths.join(' or ')
    throw new UsageError(`compile: back end ${backend.name} has no ${activationBits}-bit activations; wanted ${wanted}`)
  }
  const specs = inferShapes(graph)
  const places = placeNodes(graph, specs, backend)
  checkFinite(parameters)
  return { specs, places }
}
