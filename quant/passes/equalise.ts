import { UsageError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import {
  findLayerPairs,
  type LayerPair,
  rescalePair,
  withCopies,
  workingCopies,
} from '../../engine/graph/layerPairs.ts'
import { checkParameters } from '../../engine/graph/parameters.ts'
import type { RewrittenModel } from './model.ts'

/** When equalisation ends. */
export interface EqualiseOptions {
  /** It stops once a sweep over all pairs changes no channel by more than this factor minus 1. Default 0.001. */
  readonly tolerance?: number
  /** Sweeps at most. Default 40. */
  readonly iterations?: number
}

/**
 * Cross-layer equalisation (Nagel et al., arXiv 1906.04721, section 4.1). Where one layer feeds another through
 * operators that commute with positive factors (Relu, LeakyRelu, pooling, Flatten, or none), channel i of the first can
 * be divided by s_i > 0 and the weights of the second that read it multiplied by s_i without changing the function:
 *
 *     r1_i = max |first's weights of output channel i|     r2_i = max |second's weights of input channel i|
 *     s_i = sqrt(r1_i / r2_i)     both ranges become sqrt(r1_i r2_i), biases of the first b_i / s_i
 *
 * Pairs are taken in the order of the network, again and again, until a sweep changes nothing by more than the
 * tolerance: a depthwise convolution in the middle is the second of one pair and the first of the next. Products are in
 * double, each weight is rounded once at the end, so that outputs change by rounding only. Channels whose r1_i or r2_i
 * is 0 stay as they are.
 *
 * Pairs are those of `findLayerPairs` without a batch norm in between: fold it first. Neither argument is modified; the
 * graph stays the same.
 *
 * Example: first weights [4] and [1] of two channels, second [1, 4]: s = [2, 0.5], both become [2, 2] and [2, 2].
 * Throws `UsageError` for options out of range and what `checkParameters` throws.
 */
export function equalise(graph: Graph, parameters: Parameters, options: EqualiseOptions = {}): RewrittenModel {
  const { tolerance = 1e-3, iterations = 40 } = options
  if (!(tolerance >= 0)) throw new UsageError(`equalise: tolerance ${tolerance}; wanted a number from 0 on`)
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new UsageError(`equalise: ${iterations} iterations; wanted an integer from 1 on`)
  }
  checkParameters(graph, parameters)
  const pairs = findLayerPairs(graph, parameters).filter(({ norm }) => norm === null)
  const working = workingCopies(pairs, parameters)
  for (let sweep = 0; sweep < iterations; sweep++) {
    let change = 0
    for (const pair of pairs) change = Math.max(change, equalisePair(pair, working))
    if (change <= tolerance) break
  }
  return { graph, parameters: withCopies(parameters, working) }
}

/** Equalises one pair in place. Returns the greatest max(s, 1 / s) - 1. */
function equalisePair(pair: LayerPair, working: Map<string, Float64Array>): number {
  const { first, second, channelOf } = pair
  const range1 = largest(working.get(first.weight) as Float64Array, first.outputs, first.outputOf)
  const range2 = largest(working.get(second.weight) as Float64Array, first.outputs, channelOf)
  let change = 0
  const factors = range1.map((r, i) => {
    if (r === 0 || range2[i] === 0) return 1
    const s = Math.sqrt(r / range2[i])
    change = Math.max(change, s - 1, 1 / s - 1)
    return s
  })
  rescalePair(pair, factors, working)
  return change
}

/** The largest magnitude in each channel. */
function largest(weights: Float64Array, channels: number, channelOf: (index: number) => number): Float64Array {
  const found = new Float64Array(channels)
  for (let i = 0; i < weights.length; i++) found[channelOf(i)] = Math.max(found[channelOf(i)], Math.abs(weights[i]))
  return found
}
