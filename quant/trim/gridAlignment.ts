import { FormatError, UsageError } from '../../engine/base/errors.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { quantisationPoints } from '../affine/points.ts'
import { codeRange } from '../affine/scheme.ts'
import { type FoldedLayer, foldedLayers, foldingFactors } from './foldedLayers.ts'
import { largestMagnitude } from './reversePruning.ts'

/** Options of grid alignment (ours: the paper has nothing like it). */
export interface GridAlignmentOptions {
  /** It begins at this fraction of the run, when training should already see quantised weights. */
  readonly from: number
}

/** Half of the run: the ramp should be over by then. */
export const defaultGridAlignment: GridAlignmentOptions = { from: 0.5 }

/** A layer whose output channels are brought to one grid; `folded` where a batch norm follows. */
interface AlignedLayer {
  readonly weight: string
  readonly folded: FoldedLayer | null
}

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
 * (upper) median over channels of the largest folded weight / qmax, and the shift beta is scaled with the gain, once.
 *
 * Example: 4 bits, folded maxima [0.5, 1, 3.5]: median 1, log2(1/7) = -2.8, e = -3, S = 0.125: the gains are multiplied by
 * 1.75, 0.875 and 0.25 (times 1 - 2^-12), all maxima are 0.875.
 */
export class GridAlignment {
  readonly #layers: readonly AlignedLayer[]
  readonly #from: number
  readonly #qmax: number
  /** S of each layer by its weight; empty until alignment begins. */
  readonly #scales = new Map<string, number>()

  /** Layers with a batch norm, and linear and convolution layers whose output channels come first without one. */
  constructor(graph: Graph, options: GridAlignmentOptions, weightBits: number) {
    if (!(options.from >= 0 && options.from <= 1)) {
      throw new UsageError(`grid alignment: from ${options.from}; wanted a fraction of the run in [0, 1]`)
    }
    this.#from = options.from
    this.#qmax = codeRange({ bits: weightBits, signed: true }).qmax
    const folded = new Map(foldedLayers(graph).map((layer) => [layer.weight, layer]))
    const points = quantisationPoints(graph).weights.filter(({ axis }) => axis === 0)
    this.#layers = [...new Set(points.map(({ parameter }) => parameter))].map((weight) => ({
      weight,
      folded: folded.get(weight) ?? null,
    }))
  }

  /** Holds every layer on its grid, from `fraction` of the run on; in place. */
  afterStep(fraction: number, parameters: Parameters): void {
    if (fraction < this.#from) return
    for (const layer of this.#layers) this.#align(layer, parameters)
  }

  #align({ weight, folded }: AlignedLayer, parameters: Parameters): void {
    const w = floatParameter(parameters, weight)
    const channels = w.shape[0]
    const length = w.size / channels
    const rows = Array.from({ length: channels }, (_, c) => w.data.subarray(c * length, (c + 1) * length))
    const factors = folded === null ? null : foldingFactors(folded, parameters)
    const maxima = rows.map((row, c) => largestMagnitude(row) * (factors?.[c] ?? 1))
    const median = maxima.slice().sort((a, b) => a - b)[channels >> 1]
    if (!(median > 0)) return
    let scale = this.#scales.get(weight)
    const begins = scale === undefined
    scale ??= 2 ** nearestExponent(median / this.#qmax) * MARGIN
    this.#scales.set(weight, scale)
    for (const [c, row] of rows.entries()) {
      if (maxima[c] < DEAD * median) continue
      const factor = (scale * this.#qmax) / maxima[c]
      if (folded === null) {
        for (let i = 0; i < length; i++) row[i] *= factor
      } else {
        floatParameter(parameters, folded.gain).data[c] *= factor
        if (begins) floatParameter(parameters, folded.shift).data[c] *= factor
      }
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

/** The integer nearest to log2 x in [-126, 127], from comparisons alone: x^2 against odd powers of two. */
function nearestExponent(x: number): number {
  let exponent = -126
  while (exponent < 127 && x * x > 2 ** (2 * exponent + 1)) exponent++
  return exponent
}
