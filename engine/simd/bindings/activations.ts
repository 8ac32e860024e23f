import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { elementwise } from './elementwise.ts'

/** Piecewise linear activation functions and their gradients; units are elements. */
export function bindActivations(simd: Simd<SimdExports>) {
  const { forward, gradient } = elementwise(simd)
  return {
    abs(x, out) {
      forward('abs', 1, x, out)
    },
    absGrad(x, gradOut, gradX) {
      gradient('absGrad', 4, x, gradOut, gradX)
    },
    clip(x, out, min, max) {
      forward('clip', 2, x, out, min, max)
    },
    clipGrad(x, gradOut, gradX, min, max) {
      gradient('clipGrad', 3, x, gradOut, gradX, min, max)
    },
    hardSigmoid(x, out, alpha, beta) {
      forward('hardSigmoid', 4, x, out, alpha, beta)
    },
    hardSigmoidGrad(x, gradOut, gradX, alpha, beta) {
      gradient('hardSigmoidGrad', 6, x, gradOut, gradX, alpha, beta)
    },
    hardSwish(x, out) {
      forward('hardSwish', 5, x, out)
    },
    hardSwishGrad(x, gradOut, gradX) {
      gradient('hardSwishGrad', 7, x, gradOut, gradX)
    },
    leakyRelu(x, out, alpha) {
      forward('leakyRelu', 3, x, out, alpha)
    },
    leakyReluGrad(x, gradOut, gradX, alpha) {
      gradient('leakyReluGrad', 3, x, gradOut, gradX, alpha)
    },
    relu(x, out) {
      forward('relu', 1, x, out)
    },
    reluGrad(x, gradOut, gradX) {
      gradient('reluGrad', 2, x, gradOut, gradX)
    },
  } satisfies Partial<Kernels>
}
