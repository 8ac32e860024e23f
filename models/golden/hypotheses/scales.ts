/** Weight scales mixed up between channels. */

import { isLayerCall, type LayerCall, layerSums } from '../layerSums.ts'
import type { Hypothesis } from './hypothesis.ts'
import { ownMultipliers, ownRescale, rescaleSums } from './rescaling.ts'

function withMultipliers(name: string, sentence: string, reals: (own: readonly number[]) => number[]): Hypothesis {
  return {
    name,
    sentence,
    changes: 1,
    run: (call) => {
      if (!isLayerCall(call)) return null
      const own = ownMultipliers(call as LayerCall)
      const other = reals(own)
      if (other.every((real, c) => real === own[c])) return null
      return rescaleSums(call, layerSums(call), ownRescale(call, other))
    },
  }
}

/** What layers with a scale for each channel are asked about. */
export const scaleHypotheses: readonly Hypothesis[] = [
  withMultipliers(
    'the scale of channel 0 for all channels',
    'Per-channel scales are read as per-tensor: the first is used throughout.',
    (own) => own.map(() => own[0]),
  ),
  withMultipliers('the largest scale for all channels', 'Weight scales are taken per tensor, the largest.', (own) =>
    own.map(() => own.reduce((a, b) => Math.max(a, b), 0)),
  ),
  withMultipliers('scales shifted by one channel', 'Channel c is rescaled with the scale of channel c + 1.', (own) =>
    own.map((_, c) => own[(c + 1) % own.length]),
  ),
  withMultipliers(
    'scales shifted back by one channel',
    'Channel c is rescaled with the scale of channel c - 1.',
    (own) => own.map((_, c) => own[(c + own.length - 1) % own.length]),
  ),
]
