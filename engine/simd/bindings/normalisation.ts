import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Batch and layer normalisation; units are channels or planes, and rows or columns. */
export function bindNormalisation({ memory, dispatch }: Simd<SimdExports>) {
  return {
    batchNorm(x, mean, variance, scale, bias, out, n, c, p, epsilon) {
      memory.beginCall()
      const parameters = [memory.input(mean), memory.input(variance), memory.input(scale), memory.input(bias)]
      const args = [memory.input(x), ...parameters, memory.output(out), c, p, epsilon]
      dispatch('batchNorm', n * c, 3 * out.length, args)
      memory.endCall()
    },
    batchNormGradEvaluation(gradOut, variance, scale, gradX, n, c, p, epsilon) {
      memory.beginCall()
      const args = [memory.input(gradOut), memory.input(variance), memory.input(scale), memory.output(gradX)]
      dispatch('batchNormGradEvaluation', n * c, gradX.length, [...args, c, p, epsilon])
      memory.endCall()
    },
    batchNormGradTraining(x, gradOut, mean, variance, scale, gradScale, gradBias, gradX, n, c, p, epsilon) {
      memory.beginCall()
      const channels = [mean, variance, scale, gradScale, gradBias].map((array) => memory.input(array))
      const args = [memory.input(x), memory.input(gradOut), ...channels, memory.output(gradX), n, c, p, epsilon]
      dispatch('batchNormGradTraining', n * c, 5 * gradX.length, args)
      memory.endCall()
    },
    batchNormParameterGrads(x, gradOut, mean, variance, gradScale, gradBias, n, c, p, epsilon) {
      memory.beginCall()
      const inputs = [memory.input(x), memory.input(gradOut), memory.input(mean), memory.input(variance)]
      const args = [...inputs, memory.output(gradScale), memory.output(gradBias), n, c, p, epsilon]
      dispatch('batchNormParameterGrads', c, 4 * x.length, args)
      memory.endCall()
    },
    batchNormRunning(running, batch, out, momentum, correction) {
      memory.beginCall()
      const args = [memory.input(running), memory.input(batch), memory.output(out), momentum, 1 - momentum, correction]
      dispatch('batchNormRunning', out.length, 4 * out.length, args)
      memory.endCall()
    },
    batchNormStatistics(x, mean, variance, n, c, p) {
      memory.beginCall()
      const args = [memory.input(x), memory.output(mean), memory.output(variance), n, c, p]
      dispatch('batchNormStatistics', c, 4 * x.length, args)
      memory.endCall()
    },
    layerNorm(x, scale, bias, out, mean, deviation, rows, length, epsilon) {
      memory.beginCall()
      const inputs = [memory.input(x), memory.input(scale), bias === null ? 0 : memory.input(bias)]
      const outputs = [memory.output(out), memory.output(mean), memory.output(deviation)]
      dispatch('layerNorm', rows, 8 * out.length, [...inputs, ...outputs, length, epsilon])
      memory.endCall()
    },
    layerNormGrad(x, scale, mean, deviation, gradOut, gradX, rows, length) {
      memory.beginCall()
      const inputs = [x, scale, mean, deviation, gradOut].map((array) => memory.input(array))
      dispatch('layerNormGrad', rows, 10 * gradX.length, [
        ...inputs,
        memory.output(gradX),
        memory.allocate(4 * rows),
        length,
      ])
      memory.endCall()
    },
    layerNormParameterGrads(x, mean, deviation, gradOut, gradScale, gradBias, rows, length) {
      memory.beginCall()
      const inputs = [memory.input(x), memory.input(mean), memory.input(deviation), memory.input(gradOut)]
      const args = [...inputs, memory.output(gradScale), memory.output(gradBias), rows, length]
      dispatch('layerNormParameterGrads', length, 5 * x.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}
