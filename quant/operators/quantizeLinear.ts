import { NumericError, ShapeError } from '../../engine/base/errors.ts'
import { formatShape } from '../../engine/base/shape.ts'
import { asFloat, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Op, TensorSpec } from '../../engine/ops/op.ts'
import { sampleTensor } from '../../engine/ops/sampleTensor.ts'
import { type CodeFormat, codeFormat, toCode } from './codes.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { checkScale, type ScaleAttributes, scaleLayout } from './scaleLayout.ts'

const NAME = 'QuantizeLinear'

/** ONNX's attributes of QuantizeLinear. */
export interface QuantizeLinearAttributes extends ScaleAttributes {
  /** The type of the codes by name, such as 'int4'; default: the zero point's, or 'uint8' without one. */
  readonly output_dtype?: string
}

/**
 * ONNX QuantizeLinear: y = saturate(RNE(f32(x / scale)) + zero point), in the order of the text: a true division in f32,
 * ties to even, the zero point added as an integer, then the limits of the type. x is float32, or int32 that is first
 * rounded to f32; NaN gives the lowest code (see `toCode`). Inputs x, scale and optionally the zero point (default 0).
 * Example: scale 0.5, zero point 3, int8: 0.75 is 1.5 steps, rounds to 2, code 5; 100 gives 127.
 */
export const QuantizeLinear: Op<QuantizeLinearAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    const [x, scale, zeroPoint = null] = inputs
    if (inputs.length < 2 || inputs.length > 3 || !x || !scale) {
      throw new ShapeError(`${NAME}: wanted x, the scale and optionally the zero point, got ${inputs.length} inputs`)
    }
    if (x.dtype !== 'float32' && x.dtype !== 'int32') {
      throw new ShapeError(`${NAME}: wanted x as float32 or int32, got ${x.dtype}`)
    }
    const { dtype } = formatOf(zeroPoint, attributes)
    checkScale(x.shape, scale, zeroPoint, dtype, attributes, NAME)
    return [{ dtype, shape: x.shape }]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const scale = asFloat(inputs[1] as Tensor, NAME)
    const zeroPoint = inputs[2] ?? null
    const format = formatOf(zeroPoint, attributes)
    checkZeroPoints(zeroPoint, format)
    const out = context.empty(x.shape, format.dtype)
    const layout = scaleLayout(x.shape, scale.shape, attributes)
    const values = x.data
    const scales = scale.data
    const zeros = zeroPoint?.data ?? null
    const codes = out.data
    const { outer, extent, inner, innerStride } = layout
    let at = 0
    for (let o = 0; o < outer; o++) {
      for (let a = 0; a < extent; a++) {
        let p = o * layout.outerStride + Math.floor(a / layout.block) * layout.blockStride
        for (let i = 0; i < inner; i++, p += innerStride, at++) {
          const steps = Math.fround(Math.fround(values[at]) / scales[p])
          codes[at] = toCode(steps, zeros === null ? 0 : zeros[p], format)
        }
      }
    }
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const x = sampleTensor([2, 5, 3])
    const scale = tensor([0.01], [])
    const zeroPoint = tensor([3], [], { dtype: 'int16' })
    const perAxis = tensor([0.01, 0.02, 0.03], [3])
    const blocked = tensor(
      Array.from({ length: 18 }, (_, i) => 0.1 + i / 64),
      [2, 3, 3],
    )
    return [
      { name: 'one scale', inputs: [x, scale], attributes: {} },
      { name: 'the type of the zero point', inputs: [x, scale, zeroPoint], attributes: {} },
      { name: 'per axis, counted from the end', inputs: [x, perAxis], attributes: { axis: -1, output_dtype: 'int8' } },
      {
        name: 'blocks of 2, the last of 1',
        inputs: [x, blocked],
        attributes: { axis: 1, block_size: 2, output_dtype: 'int4' },
      },
      { name: 'empty', inputs: [tensor([], [0, 3]), scale], attributes: {} },
    ]
  },
}

/** The type of the codes, from the attribute or the zero point. Throws `ShapeError` where it is none. */
function formatOf(zeroPoint: TensorSpec | null, { output_dtype }: QuantizeLinearAttributes): CodeFormat {
  return codeFormat(output_dtype ?? zeroPoint?.dtype ?? 'uint8', NAME)
}

/** A tensor of int8 can hold zero points that are no int4. */
function checkZeroPoints(zeroPoint: Tensor | null, { qmin, qmax }: CodeFormat): void {
  const wrong = zeroPoint?.data.findIndex((z: number) => z < qmin || z > qmax) ?? -1
  if (zeroPoint === null || wrong === -1) return
  throw new NumericError(
    `${NAME}: the zero points ${formatShape(zeroPoint.shape)} hold ${zeroPoint.data[wrong]}, which is no code: wanted [${qmin}, ${qmax}]`,
  )
}
