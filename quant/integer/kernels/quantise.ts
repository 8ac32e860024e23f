import type { RoundingMode } from '../../../engine/base/rounding.ts'
import { dequantise, quantise } from '../../affine/quantise.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { StoredValue } from '../storage.ts'

function quantiserOf({ scale, zeroPoint, qmin, qmax }: StoredValue): Quantiser {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}

/** The codes of real numbers, as kept: `quantise` of the affine quantiser. Example: s = 0.5, z = 3: 0.75 -> 5 (ties to even). */
export function quantiseCodes(x: Float32Array, value: StoredValue, rounding: RoundingMode, out: Int8Array): void {
  quantise(x, [x.length], quantiserOf(value), { rounding }, out)
}

/** The real numbers of kept codes: f32((code - zeroPoint) * scale). Example: s = 0.5, z = 3: 5 -> 1. */
export function dequantiseCodes(codes: Int8Array, value: StoredValue, out: Float32Array): void {
  dequantise(codes, [codes.length], quantiserOf(value), out)
}
