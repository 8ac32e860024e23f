import { NumericError, ShapeError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Op } from '../../engine/ops/op.ts'
import { sampleTensor } from '../../engine/ops/sampleTensor.ts'
import { codeFormat, toCode } from './codes.ts'
import { notDifferentiable } from './notDifferentiable.ts'

const NAME = 'DynamicQuantizeLinear'

/**
 * ONNX DynamicQuantizeLinear: quantises x to uint8 by its own range, extended to hold 0. Every step rounds to f32:
 *
 *     hi = max(0, max x), lo = min(0, min x)      scale = (hi - lo) / 255
 *     zero point = RNE(clamp(0 - lo / scale, 0, 255))      y = saturate(RNE(x / scale) + zero point)
 *
 * Ties go to even. Where x is empty or all 0, or its range so small that the scale is 0, the text divides by 0; here the
 * scale is then 1, as in ONNX Runtime for all 0 (the reference implementation has 1/255), the zero point 0 and every code
 * 0. Outputs y, scale, zero point; the last two are scalars. Throws `NumericError` where x is not finite or its range
 * overflows.
 * Example: [0, 2, -3, -2.5, 1.34, 0.5]: scale f32(5 / 255), zero point 153, codes [153, 255, 0, 26, 221, 179].
 */
export const DynamicQuantizeLinear: Op = {
  name: NAME,
  shape(inputs) {
    const [x] = inputs
    if (inputs.length !== 1 || !x) throw new ShapeError(`${NAME}: wanted one input, got ${inputs.length}`)
    if (x.dtype !== 'float32') throw new ShapeError(`${NAME}: wanted a float32 tensor, got ${x.dtype}`)
    return [
      { dtype: 'uint8', shape: x.shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ]
  },
  forward(context, inputs) {
    const { data, shape } = inputs[0] as Tensor
    const format = codeFormat('uint8', NAME)
    let lo = 0
    let hi = 0
    // Math.min and Math.max keep a NaN; comparisons would pass over it.
    for (let i = 0; i < data.length; i++) {
      lo = Math.min(lo, data[i])
      hi = Math.max(hi, data[i])
    }
    const width = Math.fround(hi - lo)
    if (!Number.isFinite(width)) {
      throw new NumericError(`${NAME}: the range [${lo}, ${hi}] is not finite in float32; look for NaN or overflow`)
    }
    const scale = Math.fround(width / 255) || 1
    const start = Math.fround(0 - Math.fround(lo / scale))
    const zero = roundHalfEven(Math.min(Math.max(start, 0), 255))
    const out = context.empty(shape, 'uint8')
    const codes = out.data
    for (let i = 0; i < data.length; i++) codes[i] = toCode(Math.fround(data[i] / scale), zero, format)
    const scaleOut = context.empty([])
    const zeroOut = context.empty([], 'uint8')
    scaleOut.data[0] = scale
    zeroOut.data[0] = zero
    return { outputs: [out, scaleOut, zeroOut] }
  },
  backward: notDifferentiable(NAME),
  samples: () => [
    { name: 'both signs', inputs: [sampleTensor([2, 5])], attributes: {} },
    { name: 'scalar', inputs: [tensor([-3], [])], attributes: {} },
    { name: 'empty', inputs: [tensor([], [0, 2])], attributes: {} },
  ],
}
