import { sizeOf } from '../../../engine/base/shape.ts'
import { ACCUMULATOR_LIMIT, accumulatorBounds } from '../bounds.ts'
import { floatConstant } from '../constants.ts'
import { roundFloat } from '../kernels/roundFloat.ts'
import type { RealLayerStep } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import type { BufferArray, CodeArray, StoredFloat, StoredValue } from '../storage.ts'
import { convolution } from './conv.ts'
import { exactProducts } from './exactProducts.ts'
import { matrixProduct } from './gemm.ts'
import { zeroPointOf } from './imageRange.ts'
import type { Products, SumRule } from './products.ts'
import { type AnyPreparation, type PreparedStep, prepared, require } from './runner.ts'

/** A layer from codes to real numbers; see `RealLayerStep`. */
export function prepareRealLayer(
  step: RealLayerStep,
  { inputs: [input, range], output, constants }: AnyPreparation,
): PreparedStep {
  const { name, weight, window } = step
  require(input.storage !== 'float32' && output.storage === 'float32', name, 'codes in and real numbers out')
  require(range === undefined ||
    (range.storage === 'float32' && sizeOf(range.shape) === 2), name, 'a scale and a zero point for each image')
  const [channels] = weight.shape
  const isDynamic = range !== undefined
  const scale = isDynamic ? weight.scale : weight.scale.map((s) => Math.fround(input.scale * s))
  const offset = step.bias === null ? [0] : Array.from(floatConstant(step.bias, channels, constants))
  const rule = {
    requantiser: requantiserTable({ kind: 'f32-half-even', scale, offset }, channels),
    target: { zeroPoint: 0, low: step.low ?? -Infinity, high: step.high ?? Infinity },
  }
  const layer = { name, weight, bias: null }
  // A zero point of each image may be any code.
  const codes = isDynamic ? { qmin: 0, qmax: input.qmax - input.qmin, zeroPoint: 0 } : input
  const fitsInt32 =
    input.storage === 'int8' &&
    accumulatorBounds({ weight, bias: null }, codes, constants).every((bound) => bound <= ACCUMULATOR_LIMIT)
  if (!fitsInt32) return prepareReal(exactProducts(layer, window, input, output, constants, rule), step, input, output)
  return window === null
    ? prepareReal(matrixProduct(layer, input, output, constants, rule), step, input, output)
    : prepareReal(convolution({ ...layer, ...window }, input, output, constants, rule), step, input, output)
}

/** All images at once, or each with its own scale and zero point. */
function prepareReal<P extends SumRule, X extends CodeArray>(
  { plan, needs, run }: Products<P, X>,
  { weight }: RealLayerStep,
  input: StoredValue,
  { shape, format }: StoredFloat,
): PreparedStep {
  const [imageIn, imageOut] = [sizeOf(input.shape), sizeOf(shape)]
  return prepared<P, BufferArray>(plan, needs, (placed, { kernels, inputs: [codes, ranges], batch, scratch, out }) => {
    const images = ranges === undefined ? batch : 1
    const { scale } = placed.requantiser
    let { zeroPoint } = input
    for (let n = 0; n < batch; n += images) {
      if (ranges !== undefined) {
        zeroPoint = zeroPointOf(ranges, n, input)
        for (let m = 0; m < scale.length; m++) {
          scale[m] = Math.fround(ranges[2 * n] * weight.scale[weight.scale.length === 1 ? 0 : m])
        }
      }
      const x = codes.subarray(n * imageIn, (n + images) * imageIn) as X
      const y = out.subarray(n * imageOut, (n + images) * imageOut) as Float32Array
      run(placed, { kernels, x, images, zeroPoint, scratch, out: y })
      roundFloat(y, format)
    }
  })
}
