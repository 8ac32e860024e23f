import { UsageError } from '../../engine/base/errors.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import { tensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { checkParameters, floatParameter } from '../../engine/graph/parameters.ts'
import { checkCandidates, leastErrorRange, RANGE_CANDIDATES } from '../affine/leastErrorRange.ts'
import { quantisationPoints } from '../affine/points.ts'
import { quantileOf } from '../affine/quantile.ts'
import { codeRange, type Scheme } from '../affine/scheme.ts'
import type { RewrittenModel } from './model.ts'

/** How the threshold is found, and over what. */
export interface ClipWeightsOptions {
  /**
   * 'percentile': the exact quantile (`quantileOf`) of |w| at p in (0, 1]. 'mse': the bound of least squared error for
   * signed, symmetric, narrow codes of so many bits, among max |w| times 1, 0.99, ... (`leastErrorRange`, default 80
   * candidates).
   */
  readonly method:
    | { readonly kind: 'percentile'; readonly p: number }
    | { readonly kind: 'mse'; readonly bits: number; readonly candidates?: number }
  /** One threshold for each weight tensor, or for each of its output channels. */
  readonly granularity: 'tensor' | 'channel'
}

/**
 * Clips weights before they are quantised, w <- clip(w, -t, t), so that the few largest do not decide the scale (the
 * kind of thing that TI's TIDL does when it compiles). Weights are those that `quantisationPoints` names, each once;
 * biases stay. Neither argument is modified; the graph stays the same.
 *
 * Example: percentile 0.5 per tensor, w = [1, -2, 4]: t = 2, w becomes [1, -2, 2].
 * Throws `UsageError` for options out of range and what `checkParameters` throws.
 */
export function clipWeights(graph: Graph, parameters: Parameters, options: ClipWeightsOptions): RewrittenModel {
  const { granularity } = options
  const threshold = thresholdOf(options)
  checkParameters(graph, parameters)
  const values: Parameters = new Map(parameters)
  const axes = new Map(quantisationPoints(graph).weights.map(({ parameter, axis }) => [parameter, axis]))
  for (const [name, axis] of axes) {
    const { data, shape } = floatParameter(parameters, name)
    if (data.length === 0) continue
    const channels = granularity === 'channel' ? shape[axis] : 1
    const inner = granularity === 'channel' ? sizeOf(shape.slice(axis + 1)) : data.length
    const clipped = data.slice()
    const channel = new Float32Array(data.length / channels)
    for (let c = 0; c < channels; c++) {
      let n = 0
      for (let start = c * inner; start < data.length; start += channels * inner) {
        for (let i = start; i < start + inner; i++) channel[n++] = Math.abs(data[i])
      }
      const t = threshold(channel)
      for (let start = c * inner; start < data.length; start += channels * inner) {
        for (let i = start; i < start + inner; i++) clipped[i] = Math.min(Math.max(data[i], -t), t)
      }
    }
    values.set(name, tensor(clipped, shape))
  }
  return { graph, parameters: values }
}

/** The threshold of magnitudes, as a function; it may reorder them. */
function thresholdOf({ method }: ClipWeightsOptions): (magnitudes: Float32Array) => number {
  if (method.kind === 'percentile') {
    const { p } = method
    if (!(p > 0 && p <= 1)) throw new UsageError(`clipWeights: percentile ${p}; wanted a number in (0, 1]`)
    return (magnitudes) => quantileOf(magnitudes, p)
  }
  const { bits, candidates = RANGE_CANDIDATES } = method
  const scheme: Scheme = { bits, signed: true, symmetric: true, narrow: true, granularity: 'tensor' }
  codeRange(scheme)
  checkCandidates(candidates)
  // Symmetric codes treat both signs alike, so magnitudes have the same errors.
  return (magnitudes) => {
    const hi = magnitudes.reduce((most, w) => Math.max(most, w), 0)
    return leastErrorRange(magnitudes, null, { lo: 0, hi }, scheme, candidates).hi
  }
}
