import type { RoundingMode } from '../../../engine/base/rounding.ts'
import { dequantise, quantise } from '../../affine/quantise.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { ProgramValue } from '../program.ts'
import type { CodeArray } from '../storage.ts'

/** How codes and real numbers belong together, as codes are kept. */
export type CodeScale = Pick<ProgramValue, 'scale' | 'zeroPoint' | 'qmin' | 'qmax'>

function quantiserOf({ scale, zeroPoint, qmin, qmax }: CodeScale): Quantiser {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}

/** The codes of real numbers, as kept: `quantise` of the affine quantiser. Example: s = 0.5, z = 3: 0.75 -> 5 (ties to even). */
export function quantiseCodes(x: Float32Array, value: CodeScale, rounding: RoundingMode, out: CodeArray): void {
  quantise(x, [x.length], quantiserOf(value), { rounding }, out)
}

/** The real numbers of kept codes: f32((code - zeroPoint) * scale). Example: s = 0.5, z = 3: 5 -> 1. */
export function dequantiseCodes(codes: CodeArray, value: CodeScale, out: Float32Array): void {
  dequantise(codes, [codes.length], quantiserOf(value), out)
}
