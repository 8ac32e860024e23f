import { FormatError, UsageError } from '../../engine/base/errors.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { findLayerPairs } from '../../engine/graph/layerPairs.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { codeRange } from '../affine/scheme.ts'
import { channelMaxima, type WeightLayer, weightLayers } from './foldedLayers.ts'

/** Options of grid alignment (ours: the paper has nothing like it). */
export interface GridAlignmentOptions {
  /** It begins at this fraction of the run, when training should already see quantised weights. */
  readonly from: number
}

/** Half of the run: the ramp should be over by then. */
export const defaultGridAlignment: GridAlignmentOptions = { from: 0.5 }

/** A channel whose largest folded weight is below this part of the median is dead, and left so. */
const DEAD = 1 / 8

/** Scales stay this much below a power of two, so that rounding in a compiler's folding does not lift them over it. */
const MARGIN = 1 - 2 ** -12

/**
 * Grid alignment: the largest folded weight of every output channel of a layer is held at qmax S, with one S = 2^e
 * (1 - 2^-12) for the layer. Then scales per channel and per tensor, free and power-of-two, are the same scale, and all of
 * these back ends round the weights to the same codes. In front of a batch norm the channel's gain is what is held,
 *
 *     gamma_c <- sign(gamma_c) S qmax sqrt(var_c + eps) / max|w_c|
 *
 * (the raw weights' own scale per channel, max|w_c| / qmax, times gamma / sqrt(var + eps), is S); without one the row is
 * scaled, w_c <- w_c S qmax / max|w_c|. It is done after every step. When it begins, e is the integer nearest to log2 of the
 * (upper) median over channels of the largest folded weight / qmax; the shift beta or the bias is then scaled too, and where
 * one layer alone reads the channel (`findLayerPairs`) its weights are divided by the factor, so that the function stays.
 *
 * Example: 4 bits, folded maxima [0.5, 1, 3.5]: median 1, log2(1/7) = -2.8, e = -3, S = 0.125: the gains are multiplied by
 * 1.75, 0.875 and 0.25 (times 1 - 2^-12), all maxima are 0.875.
 */
export class GridAlignment {
  readonly #graph: Graph
  readonly #layers: readonly WeightLayer[]
  readonly #from: number
  readonly #qmax: number
  /** S of each layer by its weight; empty until alignment begins. */
  readonly #scales = new Map<string, number>()

  /** Layers with a batch norm, and linear and convolution layers whose output channels come first without one. */
  constructor(graph: Graph, options: GridAlignmentOptions, weightBits: number) {
    if (!(options.from >= 0 && options.from <= 1)) {
      throw new UsageError(`grid alignment: from ${options.from}; wanted a fraction of the run in [0, 1]`)
    }
    this.#graph = graph
    this.#from = options.from
    this.#qmax = codeRange({ bits: weightBits, signed: true }).qmax
    this.#layers = weightLayers(graph)
  }

  /** Holds every layer on its grid, from `fraction` of the run on; in place. */
  afterStep(fraction: number, parameters: Parameters): void {
    if (fraction < this.#from) return
    if (this.#scales.size === 0) this.#begin(parameters)
    for (const layer of this.#layers) {
      const scale = this.#scales.get(layer.weight)
      if (scale === undefined) continue
      const maxima = channelMaxima(layer.weight, layer.folded, parameters)
      scaleChannels(layer, factorsTo(scale * this.#qmax, maxima), parameters)
    }
  }

  /** Chooses every layer's scale and brings its channels there, layer by layer, so that each sees what the one before did to it. */
  #begin(parameters: Parameters): void {
    const pairs = new Map(findLayerPairs(this.#graph, parameters).map((pair) => [pair.first.weight, pair]))
    for (const layer of this.#layers) {
      const maxima = channelMaxima(layer.weight, layer.folded, parameters)
      const median = medianOf(maxima)
      if (!(median > 0)) continue
      const scale = 2 ** nearestExponent(median / this.#qmax) * MARGIN
      this.#scales.set(layer.weight, scale)
      const factors = factorsTo(scale * this.#qmax, maxima)
      scaleChannels(layer, factors, parameters)
      const pair = pairs.get(layer.weight)
      const shift = layer.folded?.shift ?? pair?.first.bias
      if (shift) scaleEach(shift, (c) => factors[c], parameters)
      if (pair) scaleEach(pair.second.weight, (i) => 1 / factors[pair.channelOf(i)], parameters)
    }
  }

  /** The scale of each layer, once alignment has begun. */
  state(): Map<string, FloatTensor> {
    return new Map([...this.#scales].map(([name, scale]) => [name, tensor([scale])]))
  }

  /** Takes over what `state` returned. Throws `FormatError` for a layer that the graph does not have. */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    for (const [name, scale] of state) {
      if (!this.#layers.some(({ weight }) => weight === name)) {
        throw new FormatError(`resume: the saved state has a grid of '${name}', which this model does not have`)
      }
      this.#scales.set(name, scale.item())
    }
  }
}

/** What brings the maxima to `wanted`; 1 for dead channels. */
function factorsTo(wanted: number, maxima: readonly number[]): number[] {
  const least = DEAD * medianOf(maxima)
  return maxima.map((largest) => (largest > 0 && largest >= least ? wanted / largest : 1))
}

/** Multiplies the gain of each channel, or its row where there is none; in place. */
function scaleChannels({ weight, folded }: WeightLayer, factors: readonly number[], parameters: Parameters): void {
  if (folded !== null) {
    scaleEach(folded.gain, (c) => factors[c], parameters)
    return
  }
  const length = floatParameter(parameters, weight).size / factors.length
  scaleEach(weight, (i) => factors[Math.floor(i / length)], parameters)
}

function scaleEach(name: string, factorOf: (index: number) => number, parameters: Parameters): void {
  const { data } = floatParameter(parameters, name)
  for (let i = 0; i < data.length; i++) data[i] *= factorOf(i)
}

/** The upper median. Example: [3, 1, 2, 9]: 3. */
function medianOf(values: readonly number[]): number {
  return values.slice().sort((a, b) => a - b)[values.length >> 1]
}

/** The integer nearest to log2 x in [-126, 127], from comparisons alone: x^2 against odd powers of two. */
function nearestExponent(x: number): number {
  let exponent = -126
  while (exponent < 127 && x * x > 2 ** (2 * exponent + 1)) exponent++
  return exponent
}
