import { ShapeError, UnsupportedError } from '../base/errors.ts'
import { formatShape, normaliseAxis, type Shape, type SymbolicShape, sameShape, sizeOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op, TensorSpec } from './op.ts'

const NAME = 'LayerNormalization'

/** The attributes of ONNX's operator. */
export interface LayerNormalizationAttributes {
  /** The first of the axes that are normalised together, in [-rank, rank). Default -1. */
  readonly axis?: number
  /** Added to the variance before the root. Default 1e-5. */
  readonly epsilon?: number
}

interface Statistics {
  readonly mean: FloatTensor
  readonly deviation: FloatTensor
}

function checkInputs(inputs: readonly (TensorSpec | null)[]): TensorSpec {
  const [x, scale] = inputs
  if (inputs.length < 2 || inputs.length > 3 || !x || !scale) {
    throw new ShapeError(`${NAME}: wanted X, Scale and perhaps B, got ${inputs.length} inputs`)
  }
  for (const input of inputs) {
    if (input && input.dtype !== 'float32') {
      throw new ShapeError(`${NAME}: wanted float32 tensors, got ${input.dtype}`)
    }
  }
  return x
}

/** The shape as the kernel sees it: the axes before `axis` are rows, the others one row's length. */
function rowsOf(shape: Shape, axis: number): { rows: number; length: number } {
  const first = normaliseAxis(axis, shape.length, NAME)
  return { rows: sizeOf(shape.slice(0, first)), length: sizeOf(shape.slice(first)) }
}

/** The shape of one number a row: X's, with 1 for every normalised axis. */
function statisticsShape<S extends Shape | SymbolicShape>(shape: S, axis: number): S {
  const first = normaliseAxis(axis, shape.length, NAME)
  return shape.map((extent, i) => (i < first ? extent : 1)) as unknown as S
}

/**
 * ONNX LayerNormalization: (x - mean) / sqrt(variance + epsilon) * Scale + B, statistics over the axes from `axis` on.
 * Scale and B have exactly the shape of those axes; B may be absent. Outputs Y, Mean and InvStdDev; only Y carries a
 * gradient.
 */
export const LayerNormalization: Op<LayerNormalizationAttributes> = {
  name: NAME,
  shape(inputs, { axis = -1, epsilon = 1e-5 }) {
    const { shape } = checkInputs(inputs)
    const normalised = shape.slice(normaliseAxis(axis, shape.length, NAME))
    for (const [i, input] of inputs.entries()) {
      if (i === 0 || !input || sameShape(input.shape, normalised)) continue
      throw new ShapeError(
        `${NAME}: wanted ${i === 1 ? 'Scale' : 'B'} ${formatShape(normalised)} for X ${formatShape(shape)} and axis ${axis}, got ${formatShape(input.shape)}`,
      )
    }
    if (!(epsilon >= 0)) throw new ShapeError(`${NAME}: epsilon ${epsilon} is negative or no number`)
    const statistics: TensorSpec = { dtype: 'float32', shape: statisticsShape(shape, axis) }
    return [{ dtype: 'float32', shape }, statistics, statistics]
  },
  forward(context, inputs, { axis = -1, epsilon = 1e-5 }) {
    const x = asFloat(inputs[0] as Tensor, NAME)
    const scale = asFloat(inputs[1] as Tensor, NAME)
    const bias = inputs[2] ? asFloat(inputs[2], NAME) : null
    const { rows, length } = rowsOf(x.shape, axis)
    const out = context.empty(x.shape)
    const mean = context.empty(statisticsShape(x.shape, axis))
    const deviation = context.empty(mean.shape)
    context.kernels.layerNorm(
      x.data,
      scale.data,
      bias?.data ?? null,
      out.data,
      mean.data,
      deviation.data,
      rows,
      length,
      epsilon,
    )
    return { outputs: [out, mean, deviation], saved: { mean, deviation } }
  },
  backward(context, { inputs, attributes, saved, gradOutputs, needs }) {
    const [gradOut, gradMean, gradDeviation] = gradOutputs
    if (gradMean || gradDeviation || !gradOut) {
      throw new UnsupportedError(`${NAME}: no gradient flows through Mean and InvStdDev; compute them with ReduceMean`)
    }
    const { kernels } = context
    const [x, scale] = inputs.slice(0, 2).map((input) => asFloat(input as Tensor, NAME))
    const { mean, deviation } = saved as Statistics
    const { rows, length } = rowsOf(x.shape, attributes.axis ?? -1)
    let gradX: FloatTensor | null = null
    if (needs[0]) {
      gradX = context.empty(x.shape)
      kernels.layerNormGrad(x.data, scale.data, mean.data, deviation.data, gradOut.data, gradX.data, rows, length)
    }
    if (!needs[1] && !needs[2]) return [gradX, null, null]
    const gradScale = context.empty(scale.shape)
    const gradBias = context.empty(scale.shape)
    kernels.layerNormParameterGrads(
      x.data,
      mean.data,
      deviation.data,
      gradOut.data,
      gradScale.data,
      gradBias.data,
      rows,
      length,
    )
    return [gradX, gradScale, gradBias]
  },
  samples() {
    const ramp = (size: number) => Array.from({ length: size }, (_, i) => ((i * 7) % size) / 4 - size / 8)
    const x = tensor(ramp(24), [2, 3, 4])
    return [
      { name: 'last axis', inputs: [x, tensor([1, -0.5, 2, 0.25]), tensor([0, 1, -1, 0.5])], attributes: {} },
      { name: 'no bias', inputs: [x, tensor([1, -0.5, 2, 0.25]), null], attributes: {} },
      {
        name: 'two axes',
        inputs: [x, tensor(ramp(12), [3, 4]), tensor(ramp(12), [3, 4])],
        attributes: { axis: 1, epsilon: 0.1 },
      },
      { name: 'row longer than the lanes', inputs: [tensor(ramp(38), [2, 19]), tensor(ramp(19))], attributes: {} },
    ]
  },
}

/** What `layerNorm` takes beside its tensors. */
export interface LayerNormOptions {
  /** The first of the axes that are normalised together. Default -1. */
  axis?: number
  /** Added to the variance before the root. Default 1e-5. */
  eps?: number
}

/**
 * Layer normalisation over the axes of x from `axis` on; `scale` and `bias` (null: none) have the shape of those axes.
 * Throws `ShapeError` for any other.
 */
export function layerNorm(
  x: FloatTensor,
  scale: FloatTensor,
  bias: FloatTensor | null,
  options: LayerNormOptions = {},
): FloatTensor {
  const { axis = -1, eps = 1e-5 } = options
  return applyFloat(LayerNormalization, [x, scale, bias], { axis, epsilon: eps })
}
