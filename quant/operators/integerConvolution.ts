/** What ConvInteger and QLinearConv share: shapes of one- and two-dimensional convolutions, and the int32 sums. */

import { ShapeError } from '../../engine/base/errors.ts'
import { formatShape, type SymbolicShape } from '../../engine/base/shape.ts'
import type { Tensor } from '../../engine/core/tensor.ts'
import type { ConvShape } from '../../engine/kernels/convShape.ts'
import {
  type ConvAttributes,
  checkChannels,
  convOperands,
  outputExtents,
  resultShape,
} from '../../engine/ops/convolution.ts'
import type { TensorSpec } from '../../engine/ops/op.ts'
import { isSingle } from './scaleLayout.ts'

/**
 * The shape of the convolution of x [N, C, L] or [N, C, H, W] with w [M, C / group, ...], by engine's Conv rule. `bias` may
 * be absent. Throws `ShapeError`. Example: x [1, 3, 8], w [6, 1, 3], group 3, pads [1, 1]: [1, 6, 8].
 */
export function convolutionShape(
  x: SymbolicShape,
  w: SymbolicShape,
  bias: SymbolicShape | null,
  attributes: ConvAttributes,
  operation: string,
): SymbolicShape {
  const specs = [x, w, bias].map((shape): TensorSpec | null => shape && { dtype: 'float32', shape })
  const operands = convOperands(specs, attributes, operation)
  const { weight, window, group } = operands
  checkChannels(operands, weight[1] * group, weight[0], operation)
  const [height, width] = outputExtents(
    operands,
    (extent, axis) => {
      const padded = extent + window.pads[axis] + window.pads[axis + 2]
      return Math.floor((padded - window.dilation[axis] * (window.kernel[axis] - 1) - 1) / window.stride[axis]) + 1
    },
    operation,
  )
  return resultShape(operands, [operands.x.shape[0], weight[0], height, width])
}

/** Throws `ShapeError` unless `values` is one value or, for a weight, one for each output channel. */
export function checkPerChannel(values: SymbolicShape, channels: number | null, name: string, operation: string): void {
  if (isSingle(values)) return
  if (channels !== null && values.length === 1 && (values[0] === channels || values[0] === null)) return
  throw new ShapeError(
    `${operation}: ${name} is ${formatShape(values)}; wanted one value${channels === null ? '' : ` or [${channels}], one for each output channel`}`,
  )
}

/** The value of channel `c` among checked values; absent ones are 0. Example: [5] at channel 2: 5. */
export function channelValue(values: Tensor | null, c: number): number {
  if (values === null) return 0
  return values.data[values.size === 1 ? 0 : c]
}

/**
 * out[n, o, y, x] = bias[o] + sum over the taps inside x of (x - xZero)(w - wZero[o]), int32 that wraps; what lies in the
 * padding adds nothing. A term is below 2^18, so every step is exact before it wraps. Example: x [[1, 2]], xZero 1, w
 * [[3, 4]], wZero 1, pads of 1 column: [0 * 3, 0 * 2 + 1 * 3, 1 * 2] = [0, 3, 2].
 */
export function integerConvolution(
  x: Tensor,
  xZero: number,
  w: Tensor,
  wZero: Tensor | null,
  bias: Tensor | null,
  shape: ConvShape,
  out: Int32Array,
): void {
  const { channels, height, width, outChannels, kernelHeight, kernelWidth } = shape
  const perGroup = channels / shape.groups
  const outPerGroup = outChannels / shape.groups
  const codes = x.data
  const weights = w.data
  let at = 0
  for (let n = 0; n < shape.batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const zero = channelValue(wZero, o)
      const start = channelValue(bias, o)
      const firstChannel = n * channels + Math.floor(o / outPerGroup) * perGroup
      for (let oy = 0; oy < shape.outHeight; oy++) {
        const top = oy * shape.strideHeight - shape.padTop
        for (let ox = 0; ox < shape.outWidth; ox++) {
          const left = ox * shape.strideWidth - shape.padLeft
          let sum = start
          for (let c = 0; c < perGroup; c++) {
            const plane = (firstChannel + c) * height
            for (let ky = 0; ky < kernelHeight; ky++) {
              const iy = top + ky * shape.dilationHeight
              if (iy < 0 || iy >= height) continue
              const taps = ((o * perGroup + c) * kernelHeight + ky) * kernelWidth
              for (let kx = 0; kx < kernelWidth; kx++) {
                const ix = left + kx * shape.dilationWidth
                if (ix < 0 || ix >= width) continue
                sum = (sum + (codes[(plane + iy) * width + ix] - xZero) * (weights[taps + kx] - zero)) | 0
              }
            }
          }
          out[at++] = sum
        }
      }
    }
  }
}
