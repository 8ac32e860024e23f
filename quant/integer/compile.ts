import { UsageError } from '../../engine/base/errors.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import { foldBatchNorm } from '../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { inferShapes } from '../../engine/graph/inferShapes.ts'
import type { TensorSpec } from '../../engine/ops/op.ts'
import type { Quantiser, ValueRange } from '../affine/quantiser.ts'
import type { Backend } from './backend.ts'
import { calibrate } from './calibrate.ts'
import type { LoweringContext } from './lower/context.ts'
import { checkCoverage, unbatched } from './lower/coverage.ts'
import { fuseActivations, isLayer } from './lower/fuse.ts'
import { lowerNode } from './lower/lowerNode.ts'
import { chooseQuantisers } from './lower/quantisers.ts'
import { checkFinite, layerQuantiser } from './lower/weights.ts'
import type { IntegerProgram, ProgramValue } from './program.ts'

/** How a checkpoint is compiled. */
export interface CompileOptions {
  /** Width of the weight codes; one of the back end's `weightBits`. Default 8. */
  readonly weightBits?: number
  /** Batches of training images that activation ranges are estimated on. */
  readonly calibration: readonly FloatTensor[]
}

/** What `lower` takes beside the model. */
export interface LowerOptions {
  /** Width of the weight codes. Default 8. */
  readonly weightBits?: number
  /** The range of each tensor that `quantisationPoints` names. */
  readonly ranges: ReadonlyMap<string, ValueRange>
}

/**
 * Compiles a checkpoint for a back end: folds batch norms, calibrates on the images, chooses quantisers and lowers every
 * node to integers. The model is not modified.
 * Example: compile(graph, parameters, findBackend('onnx-spec'), { weightBits: 4, calibration: [images] }).
 *
 * Throws `UsageError` for a weight width that the back end does not offer or without calibration images,
 * `UnsupportedError` listing everything it cannot express, `NumericError` for weights or activations that are not finite
 * and for accumulators that could overflow, and what the graph's own checks throw.
 */
export function compile(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  { weightBits = 8, calibration }: CompileOptions,
): IntegerProgram {
  const folded = foldBatchNorm(graph, parameters)
  // Before calibrating, which takes long: refuse what cannot be compiled anyway.
  check(folded.graph, folded.parameters, backend, weightBits)
  const ranges = calibrate(folded.graph, folded.parameters, backend, calibration)
  return lower(folded.graph, folded.parameters, backend, { weightBits, ranges })
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
  { weightBits = 8, ranges }: LowerOptions,
): IntegerProgram {
  const specs = check(graph, parameters, backend, weightBits)
  const nodes = fuseActivations(graph)
  const weights = new Map<string, Quantiser>()
  for (const { node } of nodes) {
    if (isLayer(node)) weights.set(node.name, layerQuantiser(node, parameters, backend, weightBits))
  }
  const input = graph.inputs[0].name
  const chosen = chooseQuantisers(input, nodes, ranges, weights, backend)
  const values = new Map<string, ProgramValue>()
  for (const [name, { scale, zeroPoint, qmin, qmax }] of chosen.tensors) {
    const { shape } = specs.get(name) as TensorSpec
    values.set(name, { name, shape: unbatched(shape), scale: scale[0], zeroPoint: zeroPoint[0], qmin, qmax })
  }
  const context: LoweringContext = {
    backend,
    weightBits,
    parameters,
    weightQuantisers: chosen.weights,
    values,
    constants: new Map(),
  }
  const steps = nodes.flatMap((fused) => lowerNode(fused, context))
  return {
    header: {
      format: 1,
      name: graph.name,
      backend: backend.name,
      input: { value: input, rounding: backend.rounding.input },
      output: graph.outputs[0],
      values: [...values.values()],
      steps,
    },
    constants: context.constants,
  }
}

/** Refuses what cannot be compiled; returns the shapes. */
function check(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  weightBits: number,
): ReadonlyMap<string, TensorSpec> {
  if (!backend.weightBits.includes(weightBits)) {
    throw new UsageError(
      `compile: back end ${backend.name} has no ${weightBits}-bit weights; wanted ${backend.weightBits.join(' or ')}`,
    )
  }
  const specs = inferShapes(graph)
  checkCoverage(graph, specs, backend)
  checkFinite(parameters)
  return specs
}
