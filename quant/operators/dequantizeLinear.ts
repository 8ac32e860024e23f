import { NumericError, ShapeError } from '../../engine/base/errors.ts'
import { asFloat, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Op } from '../../engine/ops/op.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { checkScale, type ScaleAttributes, scaleLayout } from './scaleLayout.ts'

const NAME = 'DequantizeLinear'

/**
 * ONNX DequantizeLinear: y = f32(f32(x - zero point) * scale), float32. x is int8, uint8 (also where they hold int4 and
 * uint4), int16, uint16 or int32; the difference is exact for all but int32, which is rounded to f32 and has no zero
 * point: one that is not 0 throws `NumericError`. Inputs x, scale and optionally the zero point, of x's type.
 * Example: scale 0.5, zero point 3: 5 -> 1. int32 16777217 with scale 1 -> 16777216.
 */
export const DequantizeLinear: Op<ScaleAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    const [x, scale, zeroPoint = null] = inputs
    if (inputs.length < 2 || inputs.length > 3 || !x || !scale) {
      throw new ShapeError(`${NAME}: wanted x, the scale and optionally the zero point, got ${inputs.length} inputs`)
    }
    if (x.dtype === 'float32') throw new ShapeError(`${NAME}: wanted x as integer codes, got float32`)
    checkScale(x.shape, scale, zeroPoint, x.dtype, attributes, NAME)
    return [{ dtype: 'float32', shape: x.shape }]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const scale = asFloat(inputs[1] as Tensor, NAME)
    const zeroPoint = inputs[2] ?? null
    if (x.dtype === 'int32' && zeroPoint?.data.some((z: number) => z !== 0)) {
      throw new NumericError(`${NAME}: int32 codes have no zero point; wanted 0, or none at all`)
    }
    const out = context.empty(x.shape)
    const layout = scaleLayout(x.shape, scale.shape, attributes)
    const codes = x.data
    const scales = scale.data
    const zeros = zeroPoint?.data ?? null
    const y = out.data
    const { outer, extent, inner, innerStride } = layout
    let at = 0
    for (let o = 0; o < outer; o++) {
      for (let a = 0; a < extent; a++) {
        let p = o * layout.outerStride + Math.floor(a / layout.block) * layout.blockStride
        for (let i = 0; i < inner; i++, p += innerStride, at++) {
          y[at] = Math.fround(codes[at] - (zeros === null ? 0 : zeros[p])) * scales[p]
        }
      }
    }
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const values = Array.from({ length: 30 }, (_, i) => ((i * 11) % 30) - 15)
    const x = tensor(values, [2, 5, 3], { dtype: 'int8' })
    const scale = tensor([0.25], [])
    const perAxis = tensor([0.5, 1, 2, 4, 8], [5])
    const zeroPoints = tensor([1, 2, 3, 4, 5], [5], { dtype: 'int8' })
    const blocked = tensor(
      Array.from({ length: 18 }, (_, i) => 0.1 + i / 64),
      [2, 3, 3],
    )
    return [
      { name: 'one scale', inputs: [x, scale], attributes: {} },
      { name: 'per axis', inputs: [x, perAxis, zeroPoints], attributes: {} },
      { name: 'blocks of 2, the last of 1', inputs: [x, blocked], attributes: { axis: -2, block_size: 2 } },
      { name: 'bias', inputs: [tensor([7, -9], [2], { dtype: 'int32' }), scale], attributes: {} },
      { name: 'empty', inputs: [tensor([], [0, 3], { dtype: 'uint8' }), scale], attributes: {} },
    ]
  },
}
