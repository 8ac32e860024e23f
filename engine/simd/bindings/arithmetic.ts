import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Element-wise arithmetic; units are elements. */
export function bindArithmetic({ memory, dispatch }: Simd<SimdExports>) {
  return {
    add(a, b, out) {
      memory.beginCall()
      dispatch('add', out.length, out.length, [memory.input(a), memory.input(b), memory.output(out)])
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
