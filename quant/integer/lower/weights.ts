import { NumericError } from '../../../engine/base/errors.ts'
import type { Shape } from '../../../engine/base/shape.ts'
import type { FloatTensor } from '../../../engine/core/tensor.ts'
import type { GraphNode, Parameters } from '../../../engine/graph/graph.ts'
import { PowerOfTwoMseObserver } from '../../affine/observers/powerOfTwoMse.ts'
import { type Quantiser, quantiserFromRange } from '../../affine/quantiser.ts'
import { weightQuantiser } from '../../affine/weightQuantiser.ts'
import type { Backend } from '../backend.ts'

/** How many exponents compete for a weight or a bias. */
const CANDIDATES = 5

/** The real weight and bias of a Conv, Gemm or MatMul, output channels on dimension 0. */
export interface LayerParameters {
  readonly weight: Float32Array
  readonly shape: Shape
  readonly bias: Float32Array | null
}

/** Reads a layer's parameters. A MatMul, or a Gemm without transB, is transposed to [out, in]. */
export function layerParameters(node: GraphNode, parameters: Parameters): LayerParameters {
  const weight = parameters.get(node.inputs[1]) as FloatTensor
  const bias = node.inputs[2] ? (parameters.get(node.inputs[2]) as FloatTensor).data : null
  if (node.op === 'Conv' || node.attributes.transB === 1) return { weight: weight.data, shape: weight.shape, bias }
  const [taps, channels] = weight.shape
  const transposed = new Float32Array(weight.size)
  for (let k = 0; k < taps; k++) {
    for (let c = 0; c < channels; c++) transposed[c * taps + k] = weight.data[k * channels + c]
  }
  return { weight: transposed, shape: [channels, taps], bias }
}

/** Throws `NumericError`, naming the parameter, for the first weight that is NaN or infinite. */
export function checkFinite(parameters: Parameters): void {
  for (const [name, { data }] of parameters) {
    const at = data.findIndex((x) => !Number.isFinite(x))
    if (at !== -1) {
      throw new NumericError(`compile: parameter '${name}' holds ${data[at]} at ${at}; wanted finite weights`)
    }
  }
}

/** The power-of-two quantiser of least squared error. Example: [1, 0.3] at 8 bits: scale 2^-6. */
export function bestPowerOfTwo(x: Float32Array, bits: number, backend: Backend): Quantiser {
  const minimumExponent = backend.exponents?.minimum
  const observer = new PowerOfTwoMseObserver({
    bits,
    candidates: CANDIDATES,
    rounding: backend.rounding.weight,
    minimumExponent,
  })
  observer.observe(x)
  const { lo, hi } = observer.range()
  return quantiserFromRange(lo, hi, { ...backend.weights, bits }, { minimumExponent })
}

/** The quantiser of a node's weights at `bits`, as the back end chooses it. */
export function layerQuantiser(node: GraphNode, parameters: Parameters, backend: Backend, bits: number): Quantiser {
  const { weight, shape } = layerParameters(node, parameters)
  if (backend.weightEstimator === 'power-of-two-mse') return bestPowerOfTwo(weight, bits, backend)
  const scheme = node.op === 'Conv' ? backend.weights : (backend.gemmWeights ?? backend.weights)
  return weightQuantiser(weight, shape, { ...scheme, ...backend.layerWeights?.[node.name], bits }, { axis: 0 })
}
