import type { RoundingMode } from '../../../engine/base/rounding.ts'
import type { SimdMemory } from '../../../engine/simd/memory.ts'
import { attachSimd, type Simd } from '../../../engine/simd/simd.ts'
import { type FakeQuantiseKernels, plainFakeQuantiseKernels } from '../fakeQuantiseKernel.ts'
import * as binaries from './binary.ts'
import type { AffineExports } from './exports.ts'

/** The modes as assembly/rounding.ts counts them. */
const modes: { readonly [M in RoundingMode]: number } = { 'half-even': 0, 'half-away': 1, 'half-up': 2, floor: 3 }

/** One instance a memory. */
const bound = new WeakMap<SimdMemory, FakeQuantiseKernels>()

/** The kernels that work in a memory, the plain ones for null or where there is no WebAssembly SIMD; the same bits. */
export function fakeQuantiseKernels(memory: SimdMemory | null): FakeQuantiseKernels {
  if (memory === null) return plainFakeQuantiseKernels
  let kernels = bound.get(memory)
  if (kernels === undefined) {
    const simd = attachSimd<AffineExports>(memory, binaries)
    kernels = simd === null ? plainFakeQuantiseKernels : bindFakeQuantise(simd)
    bound.set(memory, kernels)
  }
  return kernels
}

/** The kernels on top of a module's functions; units are elements. */
export function bindFakeQuantise({ memory, dispatch }: Simd<AffineExports>): FakeQuantiseKernels {
  return {
    fakeQuantise(x, scale, zeroPoint, inner, qmin, qmax, lambda, rounding, reciprocal, out) {
      memory.beginCall()
      const arrays = [memory.input(x), memory.input(scale), memory.input(zeroPoint), memory.output(out)]
      const args = [...arrays, scale.length, inner, qmin, qmax, lambda, modes[rounding], reciprocal]
      dispatch('fakeQuantise', x.length, 10 * x.length, args)
      memory.endCall()
    },
    fakeQuantiseGrad(x, scale, zeroPoint, inner, qmin, qmax, lambda, rounding, reciprocal, gradOut, gradX) {
      memory.beginCall()
      const arrays = [memory.input(x), memory.input(scale), memory.input(zeroPoint)]
      const gradients = [memory.input(gradOut), memory.output(gradX)]
      const args = [...arrays, ...gradients, scale.length, inner, qmin, qmax, 1 - lambda, modes[rounding], reciprocal]
      dispatch('fakeQuantiseGrad', x.length, 8 * x.length, args)
      memory.endCall()
    },
  }
}
