import { ShapeError } from '../base/errors.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** The bounds of Clip: attributes, as in ONNX before opset 11. */
export interface ClipAttributes {
  /** Default -Infinity. */
  readonly min?: number
  /** Default Infinity. */
  readonly max?: number
}

/** ONNX Clip with its bounds as attributes: min(max(x, min), max), which is max throughout where min > max. */
export const Clip = unaryOp<ClipAttributes>({
  name: 'Clip',
  forward: ({ kernels }, x, out, { min, max }) =>
    kernels.clip(x, out, min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY),
  backward: ({ kernels }, { x, gradOut, gradX, attributes: { min, max } }) =>
    kernels.clipGrad(x, gradOut, gradX, min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY),
  check({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) {
    if (Number.isNaN(min) || Number.isNaN(max)) {
      throw new ShapeError(`Clip: wanted numbers as bounds, got min ${min} and max ${max}`)
    }
  },
  samples: () => {
    const x = tensor([-3, -0.7, -0.2, 0.3, 1.4, 7], [2, 3])
    return [
      { name: 'no bounds', inputs: [x], attributes: {} },
      { name: 'lower bound', inputs: [x], attributes: { min: -0.5 } },
      { name: 'upper bound', inputs: [x], attributes: { max: 1 } },
      { name: 'both bounds', inputs: [x], attributes: { min: 0, max: 6 } },
      { name: 'bounds crossed', inputs: [x], attributes: { min: 2, max: 1 } },
    ]
  },
})

/**
 * min(max(x, min), max), any shape; max throughout where min > max. The gradient passes within the bounds, both included.
 * Throws `ShapeError` for a bound that is NaN.
 */
export function clip(x: FloatTensor, min: number, max: number): FloatTensor {
  return applyFloat(Clip, [x], { min, max })
}

/** clip(x, 0, 6). The gradient at 0 and at 6 is that of `clip`: 1 (PyTorch's relu6 has 0 there). */
export function relu6(x: FloatTensor): FloatTensor {
  return clip(x, 0, 6)
}
