import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Steps of the optimisers, in place; units are elements. */
export function bindOptimisers({ memory, dispatch }: Simd<SimdExports>) {
  return {
    adam(gradient, first, second, parameter, factors) {
      memory.beginCall()
      const { beta1, beta2, eps, stepSize, correction, l2, keep } = factors
      const arrays = [memory.input(gradient), memory.update(first), memory.update(second), memory.update(parameter)]
      const args = [...arrays, beta1, beta2, 1 - beta1, 1 - beta2, eps, stepSize, correction, l2, keep]
      dispatch('adam', parameter.length, 16 * parameter.length, args)
      memory.endCall()
    },
    sgd(gradient, parameter, lr, weightDecay) {
      memory.beginCall()
      const args = [memory.input(gradient), memory.update(parameter), lr, weightDecay]
      dispatch('sgd', parameter.length, 4 * parameter.length, args)
      memory.endCall()
    },
    sgdMomentum(gradient, buffer, parameter, { lr, weightDecay, momentum, intake, nesterov }) {
      memory.beginCall()
      const arrays = [memory.input(gradient), memory.update(buffer), memory.update(parameter)]
      const args = [...arrays, lr, weightDecay, momentum, intake, nesterov ? 1 : 0]
      dispatch('sgdMomentum', parameter.length, 8 * parameter.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
