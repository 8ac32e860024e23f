import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { constants } from './constants.ts'
import { elementwise } from './elementwise.ts'

/** Functions that are evaluated in double, and their gradients; units are elements. */
export function bindTranscendental(simd: Simd<SimdExports>) {
  const { forward, gradient } = elementwise(simd)
  return {
    exp(x, out) {
      forward('exp', 32, x, out, constants)
    },
    expGrad(y, gradOut, gradX) {
      gradient('expGrad', 1, y, gradOut, gradX)
    },
    gelu(x, out) {
      forward('gelu', 80, x, out, constants)
    },
    geluGrad(x, gradOut, gradX) {
      gradient('geluGrad', 80, x, gradOut, gradX, constants)
    },
    geluTanh(x, out) {
      forward('geluTanh', 40, x, out, constants)
    },
    geluTanhGrad(x, gradOut, gradX) {
      gradient('geluTanhGrad', 48, x, gradOut, gradX, constants)
    },
    log(x, out) {
      forward('log', 32, x, out, constants)
    },
    logGrad(x, gradOut, gradX) {
      gradient('logGrad', 1, x, gradOut, gradX)
    },
    sigmoid(x, out) {
      forward('sigmoid', 36, x, out, constants)
    },
    sigmoidGrad(y, gradOut, gradX) {
      gradient('sigmoidGrad', 3, y, gradOut, gradX)
    },
    softplus(x, out) {
      forward('softplus', 72, x, out, constants)
    },
    softplusGrad(x, gradOut, gradX) {
      gradient('softplusGrad', 36, x, gradOut, gradX, constants)
    },
    swish(x, out, alpha) {
      forward('swish', 36, x, out, Math.fround(alpha), constants)
    },
    swishGrad(x, gradOut, gradX, alpha) {
      gradient('swishGrad', 40, x, gradOut, gradX, Math.fround(alpha), constants)
    },
    tanh(x, out) {
      forward('tanh', 48, x, out, constants)
    },
    tanhGrad(y, gradOut, gradX) {
      gradient('tanhGrad', 3, y, gradOut, gradX)
    },
  } satisfies Partial<Kernels>
}
