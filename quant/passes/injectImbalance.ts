import { UsageError } from '../../engine/base/errors.ts'
import { RandomStream } from '../../engine/base/random.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { findLayerPairs, rescalePair, withCopies, workingCopies } from '../../engine/graph/layerPairs.ts'
import { checkParameters } from '../../engine/graph/parameters.ts'
import { pow } from '../../engine/kernels/transcendental/pow.ts'
import type { RewrittenModel } from './model.ts'

/** How a model is made fragile. */
export interface ImbalanceOptions {
  /** Of the channels between each two layers, in [0, 1]. */
  readonly fraction: number
  /** The factors: 0 < least <= greatest. */
  readonly least: number
  readonly greatest: number
  /** An integer from 0 on: of which channels, and of their factors. */
  readonly seed: number
}

/** What was done between two layers. */
export interface ImbalanceSite {
  /** The weights of both layers. */
  readonly first: string
  readonly second: string
  /** Of the first. */
  readonly channels: number
  /** Of these, how many were scaled. */
  readonly scaled: number
}

/** The same function with other parameters, and where they differ. */
export interface ImbalancedModel extends RewrittenModel {
  readonly sites: readonly ImbalanceSite[]
}

/**
 * Makes a model fragile without changing its function: cross-layer equalisation turned round. Between each two layers of
 * `findLayerPairs`, round(fraction channels) channels, chosen by the seed, are multiplied by a factor
 *
 *     s = least (greatest / least)^u     u uniform in [0, 1): log-uniform in [least, greatest)
 *
 * and the second layer's weights of that input channel (of a depthwise layer: that channel's filter) divided by it. What is
 * multiplied is gain and shift of the batch norm behind the first layer, or without one its weights of that output channel
 * and its bias. Raw weights in front of a batch norm would be the wrong place: it divides by their scale again. So the folded weights
 * and the activations of the first, and the input channels of the second, are imbalanced, which is what compilers see and what
 * training goes on with. What the second layer makes is unchanged, and so are the statistics of a batch norm behind it.
 *
 * Products are in double and rounded once to float32: outputs change by rounding only, and by nothing where factors are powers
 * of two and nothing over- or underflows. A pair's draws depend on the seed and the name of its first layer's weights alone.
 * Neither argument is modified; the graph stays the same.
 *
 * Example: first's weights [1] and [3], second's [8, 5], fraction 0.5, factors from 4 to 4, the seed choosing the first channel:
 * [4] and [3], [2, 5].
 *
 * Throws `UsageError` for options out of range, a fraction above 0 that is less than half a channel everywhere, and a graph
 * without such pairs of layers; what `checkParameters` throws.
 */
export function injectImbalance(graph: Graph, parameters: Parameters, options: ImbalanceOptions): ImbalancedModel {
  checkImbalance(options)
  checkParameters(graph, parameters)
  const { fraction, least, greatest, seed } = options
  const pairs = findLayerPairs(graph, parameters)
  if (pairs.length === 0 && fraction > 0) {
    throw new UsageError(
      `inject imbalance: graph ${graph.name} has no two layers with only a batch norm, Relu, LeakyRelu, pooling or Flatten in between and no other reader (a Clip, as ReLU6 is one, does not let factors pass)`,
    )
  }
  const working = workingCopies(pairs, parameters)
  const sites = pairs.map((pair): ImbalanceSite => {
    const { first, second } = pair
    const random = new RandomStream(seed, `imbalance/${first.weight}`)
    const scaled = Math.round(fraction * first.outputs)
    const divisors = new Float64Array(first.outputs).fill(1)
    for (const channel of random.permutation(first.outputs).subarray(0, scaled)) {
      divisors[channel] = 1 / (least * pow(greatest / least, random.uniform()))
    }
    rescalePair(pair, divisors, working)
    return { first: first.weight, second: second.weight, channels: first.outputs, scaled }
  })
  if (fraction > 0 && sites.every(({ scaled }) => scaled === 0)) {
    const most = Math.max(...sites.map(({ channels }) => channels))
    throw new UsageError(
      `inject imbalance: a fraction of ${fraction} is no whole channel of any layer of ${graph.name}, the widest of which has ${most}; wanted ${0.5 / most} or more`,
    )
  }
  return { graph, parameters: withCopies(parameters, working), sites }
}

/** Throws `UsageError` for options out of range. */
export function checkImbalance({ fraction, least, greatest }: ImbalanceOptions): void {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new UsageError(`inject imbalance: fraction ${fraction}; wanted a number from 0 to 1`)
  }
  if (!(least > 0 && least <= greatest && Number.isFinite(greatest))) {
    throw new UsageError(
      `inject imbalance: factors from ${least} to ${greatest}; wanted two positive numbers, the lesser first`,
    )
  }
}
