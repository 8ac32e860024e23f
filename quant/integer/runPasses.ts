import { UsageError } from '../../engine/base/errors.ts'
import { type FloatTensor, tensor } from '../../engine/core/tensor.ts'
import { foldBatchNorm } from '../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { clipWeights } from '../passes/clipWeights.ts'
import { correctBias } from '../passes/correctBias.ts'
import { type EqualiseOptions, equalise } from '../passes/equalise.ts'
import type { RewrittenModel } from '../passes/model.ts'
import { quantisedTap } from '../passes/quantisedTap.ts'
import type { Backend } from './backend.ts'
import { calibrate } from './calibrate.ts'

/**
 * Something that is done to a float model before it is calibrated, as data.
 * - 'fold': batch norms into the layers before them.
 * - 'equalise', 'clipWeights': see quant/passes; 'mse' is for the width that the weights get.
 * - 'correctBias': on the first `images` calibration images, the back end's weight scheme (its scales by the largest magnitude)
 *   and, with `activations`, its activation ranges; layers without bias stay.
 */
export type PassSpec =
  | { readonly pass: 'fold' }
  | ({ readonly pass: 'equalise' } & EqualiseOptions)
  | {
      readonly pass: 'clipWeights'
      readonly method: { readonly kind: 'percentile'; readonly p: number } | { readonly kind: 'mse' }
      readonly granularity: 'tensor' | 'channel'
    }
  | {
      readonly pass: 'correctBias'
      readonly images: number
      readonly iterations?: number
      readonly activations?: boolean
    }

/** The passes of a back end that names none. */
export const defaultPasses: readonly PassSpec[] = [{ pass: 'fold' }]

/** The first `count` images of some batches. Example: 3 of batches of 2: one of 2 and one of 1. */
export function firstImages(batches: readonly FloatTensor[], count: number): FloatTensor[] {
  const taken: FloatTensor[] = []
  let left = count
  for (const batch of batches) {
    const [images, ...shape] = batch.shape
    const n = Math.min(images, left)
    if (n === 0) continue
    left -= n
    const size = batch.size / images
    taken.push(n === images ? batch : tensor(batch.data.subarray(0, n * size), [n, ...shape]))
  }
  return taken
}

/**
 * Runs a back end's passes in order; neither argument is modified. Only 'correctBias' looks at the images. Throws `UsageError` where it
 * gets none, and what the passes throw. Example: passes [{ pass: 'fold' }] on Conv, BatchNormalization: one Conv.
 */
export function runPasses(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  weightBits: number,
  images: readonly FloatTensor[],
): RewrittenModel {
  let model: RewrittenModel = { graph, parameters }
  for (const spec of backend.passes ?? defaultPasses) model = runPass(model, spec, backend, weightBits, images)
  return model
}

function runPass(
  { graph, parameters }: RewrittenModel,
  spec: PassSpec,
  backend: Backend,
  weightBits: number,
  images: readonly FloatTensor[],
): RewrittenModel {
  switch (spec.pass) {
    case 'fold':
      return foldBatchNorm(graph, parameters)
    case 'equalise':
      return equalise(graph, parameters, spec)
    case 'clipWeights': {
      const { method, granularity } = spec
      const bits = weightBits
      return clipWeights(graph, parameters, {
        granularity,
        method: method.kind === 'mse' ? { ...method, bits } : method,
      })
    }
    case 'correctBias': {
      if (!(spec.images >= 1))
        throw new UsageError(`passes: bias correction on ${spec.images} images; wanted 1 or more`)
      const batches = firstImages(images, spec.images)
      const { activations: scheme } = backend
      const ranges = spec.activations === true ? calibrate(graph, parameters, backend, images) : null
      const activations = ranges === null ? undefined : { scheme, ranges }
      const weights = { ...backend.weights, bits: weightBits }
      const tap = quantisedTap(graph, { weights, activations })
      return correctBias(graph, parameters, { batches, tap, iterations: spec.iterations })
    }
  }
}
