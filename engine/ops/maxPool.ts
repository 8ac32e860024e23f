import type { Shape } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { PoolShape } from '../kernels/poolShape.ts'
import type { Op } from './op.ts'
import { type PoolAttributes, type PoolOptions, poolOutput, poolStages, poolWindow, stageSizes } from './pooling.ts'
import { type HeightWidth, heightWidth, type SlidingWindow, symmetricPads } from './spatial.ts'

/**
 * ONNX MaxPool on [N, C, ...] of any number of spatial axes, its first output only: the greatest tap of each window, the
 * padding being -Infinity. The gradient goes to the first maximum in window order.
 */
export const MaxPool: Op<PoolAttributes> = {
  name: 'MaxPool',
  shape: (inputs, attributes) => [poolOutput(inputs, attributes, 'MaxPool')],
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'MaxPool')
    const out = context.empty(poolOutput(inputs, attributes, 'MaxPool').shape as Shape)
    return { outputs: [out], saved: maxPooled(context, x, out, poolWindow(x.shape, attributes, 'MaxPool')) }
  },
  backward(context, { inputs, gradOutputs, saved }) {
    return [maxPoolGradient(context, (inputs[0] as Tensor).shape, gradOutputs[0] as FloatTensor, saved as MaxStage[])]
  },
  samples: () => [
    {
      name: 'windows apart, odd width',
      inputs: [distinct([2, 2, 4, 5])],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    {
      name: 'overlapping, padded unevenly, ceiling',
      inputs: [distinct([1, 2, 5, 6])],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 2, 1], ceil_mode: 1 },
    },
    { name: 'dilated', inputs: [distinct([1, 1, 6, 5])], attributes: { kernel_shape: [2, 2], dilations: [3, 2] } },
    { name: 'lines', inputs: [distinct([2, 2, 7])], attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] } },
    {
      name: 'volumes',
      inputs: [distinct([1, 2, 3, 4, 3])],
      attributes: { kernel_shape: [2, 2, 2], strides: [1, 2, 1], pads: [1, 0, 0, 0, 0, 1] },
    },
  ],
}

/** One stage of a max pooling: its extents, and where in its input each maximum stands. */
interface MaxStage {
  readonly shape: PoolShape
  readonly argmax: Int32Array
}

/** Writes the maxima of all windows to `out`; returns the stages, for the gradient. */
export function maxPooled(context: Context, x: FloatTensor, out: FloatTensor, window: SlidingWindow): MaxStage[] {
  const shapes = poolStages(x.shape, out.shape, window)
  let from = x.data
  return shapes.map((shape, i) => {
    const { output } = stageSizes(shape)
    const to = i === shapes.length - 1 ? out.data : context.empty([output]).data
    const argmax = context.empty([output], 'int32').data
    context.kernels.maxPool(from, shape, to, argmax)
    from = to
    return { shape, argmax }
  })
}

/** The gradient of an x of `shape` for the stages that `maxPooled` returned. */
export function maxPoolGradient(
  context: Context,
  shape: Shape,
  gradOut: FloatTensor,
  stages: readonly MaxStage[],
): FloatTensor {
  let from = gradOut
  for (let i = stages.length - 1; i >= 0; i--) {
    const stage = stages[i]
    const to = context.empty(i === 0 ? shape : [stageSizes(stage.shape).input])
    context.kernels.maxPoolGrad(from.data, stage.argmax, stage.shape.planes, to.data)
    from = to
  }
  return from
}

/** Values that differ by at least 0.1, in a scattered order: no maximum changes within a gradient check's step. */
function distinct(shape: Shape): FloatTensor {
  const size = shape.reduce((product, extent) => product * extent, 1)
  // 37 has no factor in common with the sizes used, so i * 37 mod size is a permutation.
  return tensor(
    Array.from({ length: size }, (_, i) => ((i * 37) % size) / 10 - 2),
    shape,
  )
}

/** Options of `maxPool2d`. */
export interface MaxPoolOptions extends PoolOptions {
  /** Distance between the taps of a window; default 1. */
  readonly dilation?: HeightWidth
}

/** The greatest value of each window of x [N, C, H, W]. */
export function maxPool2d(x: FloatTensor, options: MaxPoolOptions): FloatTensor {
  const { kernel, stride = kernel, padding = 0, dilation = 1, ceilMode = false } = options
  return applyFloat(MaxPool, [x], {
    kernel_shape: heightWidth(kernel),
    strides: heightWidth(stride),
    pads: symmetricPads(padding),
    dilations: heightWidth(dilation),
    ceil_mode: ceilMode ? 1 : 0,
  })
}
