import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Activation functions and their gradients; units are elements. */
export function bindActivations({ memory, dispatch }: Simd<SimdExports>) {
  return {
    relu(x, out) {
      memory.beginCall()
      dispatch('relu', out.length, out.length, [memory.input(x), memory.output(out)])
      memory.endCall()
    },
    reluGrad(x, gradOut, gradX) {
      memory.beginCall()
      const args = [memory.input(x), memory.input(gradOut), memory.output(gradX)]
      dispatch('reluGrad', gradX.length, gradX.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
