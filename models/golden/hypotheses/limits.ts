/** Other limits of codes: none, wrapping, or other bounds. */

import { isLayerCall, layerSums } from '../layerSums.ts'
import { compute, type OperationCall } from '../operation.ts'
import { type Hypothesis, unlessImpossible } from './hypothesis.ts'
import { ownRescale, unlimitedCodes } from './rescaling.ts'

/** The codes with other bounds, or null where the operation has none. */
function limitedTo(call: OperationCall, low: number, high: number): Int32Array | null {
  const { operation } = call
  if (!('low' in operation) || (operation.low === low && operation.high === high)) return null
  return unlessImpossible(() => compute({ ...call, operation: { ...operation, low, high } }))
}

/** What operations with limits are asked about. */
export const limitHypotheses: readonly Hypothesis[] = [
  {
    name: 'wraps instead of saturating',
    sentence: 'A code beyond 8 bits loses its upper bits instead of being limited.',
    changes: 1,
    run: (call) => {
      if (!isLayerCall(call)) return null
      const isSigned = call.output.qmin < 0
      const codes = unlimitedCodes(call, layerSums(call), ownRescale(call))
      return codes.map((q) => (isSigned ? (q << 24) >> 24 : q & 255))
    },
  },
  {
    name: 'fused activation left out',
    sentence: 'Codes are limited to their type only, not to the bounds of the activation.',
    changes: 1,
    run: (call) => limitedTo(call, call.output.qmin, call.output.qmax),
  },
]

/** Bounds taken from the candidate itself: its least and greatest code. */
export function boundHypotheses(actual: Int32Array): Hypothesis[] {
  let low = Infinity
  let high = -Infinity
  for (const q of actual) {
    low = Math.min(low, q)
    high = Math.max(high, q)
  }
  return [
    {
      name: 'limited to other bounds',
      sentence: `Codes are limited to ${low} ... ${high}, the least and greatest of the candidate.`,
      changes: 2,
      run: (call) => limitedTo(call, low, high),
    },
    {
      name: 'limited to another lower bound',
      sentence: `Codes are limited to ${low} from below, the least of the candidate.`,
      changes: 1,
      run: (call) => ('low' in call.operation ? limitedTo(call, low, call.operation.high) : null),
    },
    {
      name: 'limited to another upper bound',
      sentence: `Codes are limited to ${high} from above, the greatest of the candidate.`,
      changes: 1,
      run: (call) => ('low' in call.operation ? limitedTo(call, call.operation.low, high) : null),
    },
  ]
}
