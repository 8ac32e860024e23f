import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Sums and maxima over an axis; units are elements of the result. */
export function bindReductions({ memory, dispatch }: Simd<SimdExports>) {
  return {
    channelSum(x, out, n, c, p) {
      memory.beginCall()
      dispatch('channelSum', c, x.length, [memory.input(x), memory.output(out), n, c, p])
      memory.endCall()
    },
    globalAveragePool(x, planes, area, out) {
      memory.beginCall()
      dispatch('globalAveragePool', planes, x.length, [memory.input(x), memory.output(out), area])
      memory.endCall()
    },
    globalAveragePoolGrad(gradOut, planes, area, gradX) {
      memory.beginCall()
      dispatch('globalAveragePoolGrad', planes, gradX.length, [memory.input(gradOut), memory.output(gradX), area])
      memory.endCall()
    },
    reduceMax(x, out, indices, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(x), memory.output(out), memory.output(indices), extent, inner]
      dispatch('reduceMax', outer * inner, 2 * x.length, args)
      memory.endCall()
    },
    reduceMaxGrad(gradOut, indices, gradX, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(gradOut), memory.input(indices), memory.output(gradX), extent, inner]
      dispatch('reduceMaxGrad', outer * inner, gradX.length, args)
      memory.endCall()
    },
    reduceSum(x, out, outer, extent, inner) {
      memory.beginCall()
      dispatch('reduceSum', outer * inner, x.length, [memory.input(x), memory.output(out), extent, inner])
      memory.endCall()
    },
    reduceSumGrad(gradOut, gradX, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(gradOut), memory.output(gradX), extent, inner]
      dispatch('reduceSumGrad', outer * extent, gradX.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
