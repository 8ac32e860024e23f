import { type Kernels, plainKernels } from '../kernels/index.ts'
import * as binaries from './binary.ts'
import { bindActivations } from './bindings/activations.ts'
import { bindArithmetic } from './bindings/arithmetic.ts'
import type { SimdExports } from './exports.ts'
import type { SimdMemory } from './memory.ts'
import { attachSimd } from './simd.ts'

/** The kernel table with everything that has a SIMD twin replaced by it; the bits are the same. */
export function simdKernels(memory: SimdMemory): Kernels {
  const simd = attachSimd<SimdExports>(memory, binaries)
  if (simd === null) return plainKernels
  return { ...plainKernels, ...bindActivations(simd), ...bindArithmetic(simd) }
}
