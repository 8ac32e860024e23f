import { UsageError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { channelMaxima, foldingFactors, type WeightLayer, weightLayers } from './foldedLayers.ts'
import { trimTargets } from './reversePruning.ts'

/** Options of pair trimming (ours: the paper has nothing like it). */
export interface PairTrimmingOptions {
  /** It begins at this fraction of the run. */
  readonly from: number
}

/** After a fifth of the run, where the curriculum's warm-up ends too. */
export const defaultPairTrimming: PairTrimmingOptions = { from: 0.2 }

/**
 * Pair trimming. Processors that multiply u8 by s8 codes without VNNI add neighbouring products in int16, which saturates: 255 *
 * 127 + 255 * 127 becomes 32767. No pair can, whatever the input, where the codes of two neighbouring weights of one sign
 * add up to 128 at most (255 * 128 = 32640). With one scale for the tensor, M / 127 (not with one for each channel), that is
 * the case for folded weights with
 *
 *     |a| + |b| <= M = max |w| over the layer, a b > 0
 *
 * (rounding adds half a code to each at most). Where it is not, the smaller of the two gives way, b <- sign(b) (M - |a|): M stays, so
 * trimming twice is trimming once. Neighbours are pairs 0, 1 and 2, 3 ... along k, which runs over input channels
 * fastest, then columns, then rows of the window. Depthwise layers do not add pairs and are left out, and so are weights whose
 * output channels do not come first. It is done after every step, and last at the export.
 *
 * Weights that are exported on a grid of `codes` steps up to M are held to |a| + |b| <= M - M / codes: rounded to the grid, their
 * sum is then M at most.
 *
 * Example: M = 127 and neighbours 100, 40: 100, 27; neighbours 100, -40 stay; with codes = 7 (one is worth 18.14): 100, 8.86.
 */
export class PairTrimming {
  readonly #layers: readonly WeightLayer[]
  readonly #from: number
  readonly #share: number

  /** `codes`: null where the weights are exported as trained, qmax where they are rounded to that many steps. */
  constructor(graph: Graph, options: PairTrimmingOptions, codes: number | null) {
    if (!(options.from >= 0 && options.from <= 1)) {
      throw new UsageError(`pair trimming: from ${options.from}; wanted a fraction of the run in [0, 1]`)
    }
    this.#from = options.from
    this.#share = codes === null ? 1 : 1 - 1 / codes
    const depthwise = new Set(trimTargets(graph).flatMap((target) => (target.depthwise ? [target.parameter] : [])))
    this.#layers = weightLayers(graph).filter(({ weight }) => !depthwise.has(weight))
  }

  /** Trims every layer from `fraction` of the run on; in place. */
  afterStep(fraction: number, parameters: Parameters): void {
    if (fraction >= this.#from) for (const layer of this.#layers) trimPairs(layer, this.#share, parameters)
  }

  /** Trims every layer as it is exported, batch norm's statistics being final and weights being rounded; in place. */
  atExport(parameters: Parameters): void {
    for (const layer of this.#layers) trimPairs(layer, 1, parameters)
  }
}

/** Holds the pairs of one layer to `share` of its largest folded weight. */
function trimPairs({ weight, folded }: WeightLayer, share: number, parameters: Parameters): void {
  const { data, shape, size } = floatParameter(parameters, weight)
  const [channels, groupChannels] = shape
  const taps = size / channels
  const window = taps / groupChannels
  const factors = folded === null ? null : foldingFactors(folded, parameters)
  const limit = share * Math.max(...channelMaxima(weight, folded, parameters))
  for (let m = 0; m < channels; m++) {
    const bound = limit / (factors?.[m] ?? 1)
    for (let k = 0; k + 1 < taps; k += 2) {
      const i = m * taps + (k % groupChannels) * window + Math.floor(k / groupChannels)
      const j = m * taps + ((k + 1) % groupChannels) * window + Math.floor((k + 1) / groupChannels)
      const a = Math.abs(data[i])
      const b = Math.abs(data[j])
      if (a + b <= bound || data[i] * data[j] <= 0) continue
      const small = a < b ? i : j
      data[small] = Math.sign(data[small]) * Math.max(0, bound - Math.max(a, b))
    }
  }
}
