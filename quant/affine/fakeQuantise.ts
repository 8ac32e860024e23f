import { UsageError } from '../../engine/base/errors.ts'
import type { RoundingMode } from '../../engine/base/rounding.ts'
import { applyFloat } from '../../engine/core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../../engine/core/tensor.ts'
import type { Op } from '../../engine/ops/op.ts'
import { onlyInput } from '../../engine/ops/unary.ts'
import type { Division, QuantiseOptions } from './quantise.ts'
import { channelRun, type Quantiser } from './quantiser.ts'
import { fakeQuantiseKernels } from './simd/bindings.ts'

/**
 * The straight-through estimator. 'identity': the gradient passes unchanged, clipped values included (the literal
 * x + lambda * stopgrad(x^ - x)). 'clipped': what a code clipped passes only with weight 1 - lambda.
 */
export type StraightThrough = 'identity' | 'clipped'

/** How fake quantisation rounds, blends and differentiates. */
export interface FakeQuantiseOptions extends QuantiseOptions {
  /** The blend in [0, 1], used as f32: 0 is x itself, 1 the quantised value. Default 1. */
  readonly lambda?: number
  /** Default 'identity'. */
  readonly ste?: StraightThrough
}

/** `FakeQuantiseOptions` with nothing left open, and the quantiser. */
export interface FakeQuantiseAttributes {
  readonly quantiser: Quantiser
  /** An f32. */
  readonly lambda: number
  readonly ste: StraightThrough
  readonly rounding: RoundingMode
  readonly division: Division
}

/** Progressive fake quantisation, x~ = x + lambda * (x^ - x); ours, not ONNX's. See `fakeQuantise`. */
export const FakeQuantise: Op<FakeQuantiseAttributes> = {
  name: 'FakeQuantise',
  shape(inputs, { quantiser, lambda }) {
    const { shape } = onlyInput(inputs, 'FakeQuantise')
    // An extent that is not known yet may still turn out to fit.
    channelRun(
      quantiser,
      shape.map((extent) => extent ?? quantiser.scale.length),
      'FakeQuantise',
    )
    if (!(lambda >= 0 && lambda <= 1)) throw new UsageError(`FakeQuantise: lambda is ${lambda}; wanted [0, 1]`)
    return [{ dtype: 'float32', shape }]
  },
  forward(context, inputs, { quantiser, lambda, rounding, division }) {
    const x = asFloat(inputs[0] as Tensor, 'FakeQuantise')
    const out = context.empty(x.shape)
    const { scale, zeroPoint, qmin, qmax } = quantiser
    const inner = channelRun(quantiser, x.shape, 'FakeQuantise')
    const reciprocal = division === 'reciprocal' ? 1 : 0
    const kernels = fakeQuantiseKernels(context.memory)
    kernels.fakeQuantise(x.data, scale, zeroPoint, inner, qmin, qmax, lambda, rounding, reciprocal, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes: { quantiser, lambda, ste, rounding, division }, gradOutputs }) {
    if (ste === 'identity') return [gradOutputs[0]]
    const x = asFloat(inputs[0] as Tensor, 'FakeQuantise')
    const gradOut = gradOutputs[0] as FloatTensor
    const gradX = context.empty(x.shape)
    const { scale, zeroPoint, qmin, qmax } = quantiser
    const inner = channelRun(quantiser, x.shape, 'FakeQuantise')
    const reciprocal = division === 'reciprocal' ? 1 : 0
    fakeQuantiseKernels(context.memory).fakeQuantiseGrad(
      x.data,
      scale,
      zeroPoint,
      inner,
      qmin,
      qmax,
      lambda,
      rounding,
      reciprocal,
      gradOut.data,
      gradX.data,
    )
    return [gradX]
  },
  // A straight-through gradient is not the derivative of a staircase: finite differences agree with it only on average.
  samples: () => [],
}

/**
 * Progressive fake quantisation (Quant-Trim, arXiv 2511.15300): x~ = x + lambda * (x^ - x), where x^ is x quantised and
 * dequantised again, per tensor or per channel as the quantiser says; every f32 step is in fakeQuantiseKernel.ts. The
 * gradient is straight-through. With lambda 0 it returns `x` itself. `division: 'reciprocal'`, `ste: 'clipped'` and
 * lambda 1 are PyTorch's fake_quantize_per_tensor_affine and fake_quantize_per_channel_affine, bit for bit, and so also
 send what exceeds int64 after division, +1e30 for example, to the lowest code: not for training.
 *
 * Example: s = 0.5, z = 0, int8: x = 0.7 gives 0.5, with lambda 0.5 f32(0.6); x = 100 gives 63.5, and its gradient is 1
 * with 'identity', 0 with 'clipped'.
 * Throws `ShapeError` where the channels do not fit, `UsageError` for lambda outside [0, 1].
 */
export function fakeQuantise(x: FloatTensor, quantiser: Quantiser, options: FakeQuantiseOptions = {}): FloatTensor {
  const { lambda = 1, ste = 'identity', rounding = 'half-even', division = 'exact' } = options
  if (lambda === 0) return x
  return applyFloat(FakeQuantise, [x], { quantiser, lambda: Math.fround(lambda), ste, rounding, division })
}
