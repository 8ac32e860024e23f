import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { constants } from './constants.ts'

/** Softmax, its logarithm and the losses; units are lines, or elements. */
export function bindSoftmax({ memory, dispatch }: Simd<SimdExports>) {
  return {
    crossEntropy(logits, target, losses, probabilities, outer, classes, inner, smoothing) {
      memory.beginCall()
      const inputs = [memory.input(logits), memory.input(target)]
      const outputs = [memory.output(losses), memory.output(probabilities)]
      const args = [...inputs, ...outputs, classes, inner, smoothing, 1 - smoothing, memory.input(constants)]
      dispatch('crossEntropy', outer * inner, 36 * logits.length, args)
      memory.endCall()
    },
    crossEntropyGrad(probabilities, target, gradLosses, gradLogits, outer, classes, inner, smoothing, divisor) {
      memory.beginCall()
      const other = Math.fround(Math.fround(smoothing) / Math.fround(classes))
      const wanted = Math.fround(Math.fround(1 - smoothing) + other)
      const inputs = [memory.input(probabilities), memory.input(target), memory.input(gradLosses)]
      const shared = gradLosses.length === 1 ? 1 : 0
      const args = [...inputs, memory.output(gradLogits), classes, inner, wanted, other, shared, divisor]
      dispatch('crossEntropyGrad', outer * inner, 3 * gradLogits.length, args)
      memory.endCall()
    },
    logSoftmax(x, out, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(x), memory.output(out), extent, inner, memory.input(constants)]
      dispatch('logSoftmax', outer * inner, 36 * out.length, args)
      memory.endCall()
    },
    logSoftmaxGrad(y, gradOut, gradX, outer, extent, inner) {
      memory.beginCall()
      const args = [
        memory.input(y),
        memory.input(gradOut),
        memory.output(gradX),
        extent,
        inner,
        memory.input(constants),
      ]
      dispatch('logSoftmaxGrad', outer * inner, 36 * gradX.length, args)
      memory.endCall()
    },
    meanSquaredError(a, b, out) {
      memory.beginCall()
      dispatch('meanSquaredError', 1, 3 * a.length, [memory.input(a), memory.input(b), memory.output(out), a.length])
      memory.endCall()
    },
    meanSquaredErrorGrad(a, b, gradOut, gradA) {
      memory.beginCall()
      const inputs = [memory.input(a), memory.input(b), memory.input(gradOut)]
      dispatch('meanSquaredErrorGrad', a.length, 2 * a.length, [...inputs, memory.output(gradA), a.length])
      memory.endCall()
    },
    softmax(x, out, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(x), memory.output(out), extent, inner, memory.input(constants)]
      dispatch('softmax', outer * inner, 36 * out.length, args)
      memory.endCall()
    },
    softmaxGrad(y, gradOut, gradX, outer, extent, inner) {
      memory.beginCall()
      const args = [memory.input(y), memory.input(gradOut), memory.output(gradX), extent, inner]
      dispatch('softmaxGrad', outer * inner, 4 * gradX.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
