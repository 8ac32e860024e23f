import { roundHalfEven } from '../../engine/base/rounding.ts'
import type { RescaleArithmetic } from './arithmetic.ts'
import { type CodeTarget, requantiseRow, requantiserTable } from './requantise/requantiser.ts'

/**
 * The codes that the 256 codes from -128 on, with zero point `zeroPoint`, become under another quantiser; see `RescaleArithmetic`.
 * Example: 'multiply-shift', multiplier 412, shift 8, zero points 0: code 1 becomes RHU(1.609) = 2.
 */
export function rescaledCodes(arithmetic: RescaleArithmetic, zeroPoint: number, target: CodeTarget): Int32Array {
  const offsets = Int32Array.from({ length: 256 }, (_, i) => i - 128 - zeroPoint)
  const limit = (q: number): number => Math.min(Math.max(q + target.zeroPoint, target.low), target.high)
  switch (arithmetic.kind) {
    case 'requantise': {
      const codes = new Int32Array(256)
      requantiseRow(requantiserTable(arithmetic.requantiser, 1), 0, offsets, 0, 256, target, 0, 1, codes)
      return codes
    }
    case 'multiply-shift':
      return offsets.map((a) => limit(Math.floor((a * arithmetic.multiplier) / 2 ** arithmetic.shift + 0.5)))
    case 'qdq':
      return offsets.map((a) =>
        limit(roundHalfEven(Math.fround(Math.fround(a * arithmetic.scale) / arithmetic.outputScale))),
      )
  }
}
