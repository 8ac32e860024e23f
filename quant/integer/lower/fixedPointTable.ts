import { dividePower, hyperbolicTangent, logistic } from '../kernels/fixedPoint.ts'
import { multiplyQ31Double } from '../requantise/q31Double.ts'
import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'

/**
 * TFLM's int8 LOGISTIC or TANH of one offset x = q - z_in, before the zero point of the output is added: x becomes the Q4.27 number
 * D(x, m, e) of (m, e) = QuantizeMultiplier(s_in * 2^27), gemmlowp's function makes Q0.31 of it, and RDPOT by 23 (logistic, 1/256 a
 * code) or 24 (tanh, 1/128) the result. Beyond radius = floor(15 * 2^27 / 2^e) the function saturates: 0 and 256, or -128 and 128.
 * Example: logistic of 0 is 2^30, so 128.
 */
export function fixedPointCode(name: 'Sigmoid' | 'Tanh', inputScale: number, x: number): number {
  const { multiplier, shift } = quantiseMultiplier(inputScale * 2 ** 27)
  const radius = Math.floor((15 * 2 ** 27) / 2 ** shift)
  const isSigmoid = name === 'Sigmoid'
  if (x <= -radius) return isSigmoid ? 0 : -128
  if (x >= radius) return isSigmoid ? 256 : 128
  const rescaled = multiplyQ31Double(x, multiplier, shift)
  return isSigmoid ? dividePower(logistic(rescaled, 4), 23) : dividePower(hyperbolicTangent(rescaled, 4), 24)
}
