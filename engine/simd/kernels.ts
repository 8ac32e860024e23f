import { type Kernels, plainKernels } from '../kernels/index.ts'
import * as binaries from './binary.ts'
import { bindActivations } from './bindings/activations.ts'
import { bindArithmetic } from './bindings/arithmetic.ts'
import { bindConvolutions } from './bindings/convolutions.ts'
import { bindNormalisation } from './bindings/normalisation.ts'
import { bindOptimisers } from './bindings/optimisers.ts'
import { bindPooling } from './bindings/pooling.ts'
import { bindProducts } from './bindings/products.ts'
import { bindReductions } from './bindings/reductions.ts'
import { bindSoftmax } from './bindings/softmax.ts'
import { bindTranscendental } from './bindings/transcendental.ts'
import type { SimdExports } from './exports.ts'
import type { SimdMemory } from './memory.ts'
import { attachSimd, type Simd } from './simd.ts'

/** The kernel table with everything that has a SIMD twin replaced by it; the bits are the same. */
export function simdKernels(memory: SimdMemory): Kernels {
  const simd = attachSimd<SimdExports>(memory, binaries)
  return simd === null ? plainKernels : bindKernels(simd)
}

/** The kernel table on top of a module's functions, however calls reach them. */
export function bindKernels(simd: Simd<SimdExports>): Kernels {
  return {
    ...plainKernels,
    ...bindActivations(simd),
    ...bindArithmetic(simd),
    ...bindConvolutions(simd),
    ...bindNormalisation(simd),
    ...bindOptimisers(simd),
    ...bindPooling(simd),
    ...bindProducts(simd),
    ...bindReductions(simd),
    ...bindSoftmax(simd),
    ...bindTranscendental(simd),
  }
}
