import { UsageError } from '../../engine/base/errors.ts'
import type { Tensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { codeRange } from '../affine/scheme.ts'
import { channelMaxima, type FoldedLayer, foldedLayers, foldingFactors } from './foldedLayers.ts'
import { magnitudeHistogram } from './magnitudeHistogram.ts'
import { largestMagnitude, type TrimEvent } from './reversePruning.ts'

/** Options of gain trimming (ours: the paper trims weights only). */
export interface GainTrimmingOptions {
  /** A channel's folded maximum may be this many times the median over the layer's channels; at least 1. */
  readonly ratio: number
}

/** A pilot used 2. */
export const defaultGainTrimming: GainTrimmingOptions = { ratio: 2 }

/**
 * Gain trimming. Batch norm is invariant to the scale of its channel's weights, so clipping raw weights cannot reduce
 * the imbalance of the *folded* weights that a compiler sees, w gamma / sqrt(var + eps). For each layer followed by a
 * batch norm: where a channel's folded maximum m_c exceeds `ratio` times the median over channels, gamma_c and beta_c
 * are multiplied by ratio median / m_c (both, so that the channel keeps its shape and loses only amplitude).
 * Example: folded maxima [1, 1, 8], ratio 2: the third channel's gamma and beta are multiplied by 0.25.
 */
export class GainTrimming {
  readonly #layers: readonly FoldedLayer[]
  readonly #ratio: number
  readonly #qmax: number

  constructor(graph: Graph, options: GainTrimmingOptions, weightBits: number) {
    if (!(options.ratio >= 1)) throw new UsageError(`gain trimming: ratio ${options.ratio}; wanted 1 or more`)
    this.#ratio = options.ratio
    this.#qmax = codeRange({ bits: weightBits, signed: true }).qmax
    this.#layers = foldedLayers(graph)
  }

  /** Trims every layer after `epoch` and reports what it did. */
  afterEpoch(epoch: number, parameters: ReadonlyMap<string, Tensor>): TrimEvent[] {
    return this.#layers.map((layer) => this.#trim(epoch, layer, parameters))
  }

  #trim(epoch: number, layer: FoldedLayer, parameters: ReadonlyMap<string, Tensor>): TrimEvent {
    const data = (name: string): Float32Array => floatParameter(parameters, name).data
    const gain = data(layer.gain)
    const shift = data(layer.shift)
    const channels = gain.length
    const folded = Float32Array.from(channelMaxima(layer.weight, layer, parameters))
    const sorted = folded.slice().sort()
    const middle = channels >> 1
    const median = channels % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    const tau = this.#ratio * median
    const before = largestMagnitude(folded)
    const magnitudes = foldedMagnitudes(layer, parameters)
    const limit = largestMagnitude(magnitudes)
    const histogramBefore = magnitudeHistogram(magnitudes, limit)
    let clipped = 0
    for (let c = 0; c < channels; c++) {
      // A median of 0 (most channels dead) gives no yardstick: nothing is trimmed.
      if (folded[c] <= tau || tau === 0) continue
      const factor = tau / folded[c]
      gain[c] *= factor
      shift[c] *= factor
      folded[c] = tau
      clipped++
    }
    return {
      epoch,
      kind: 'gains',
      parameter: layer.weight,
      tau,
      clipped,
      total: channels,
      scaleBefore: before / this.#qmax,
      scaleAfter: largestMagnitude(folded) / this.#qmax,
      histogram: {
        limit,
        before: histogramBefore,
        after: magnitudeHistogram(foldedMagnitudes(layer, parameters), limit),
      },
    }
  }
}

/** |w gamma| / sqrt(var + eps) of every weight of a layer, as the parameters stand. */
function foldedMagnitudes(layer: FoldedLayer, parameters: ReadonlyMap<string, Tensor>): Float32Array {
  const weight = floatParameter(parameters, layer.weight).data
  const factors = foldingFactors(layer, parameters)
  const length = weight.length / factors.length
  return weight.map((w, i) => Math.abs(w) * factors[Math.floor(i / length)])
}
