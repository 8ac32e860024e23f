import {
  AdamW,
  abs,
  add,
  avgPool2d,
  batchNorm,
  clip,
  conv2d,
  convTranspose2d,
  crossEntropy,
  div,
  exp,
  type FloatTensor,
  full,
  gelu,
  globalAvgPool2d,
  globalMaxPool2d,
  hardsigmoid,
  hardswish,
  layerNorm,
  leakyRelu,
  linear,
  log,
  logSoftmax,
  matmul,
  maxPool2d,
  mse,
  mul,
  type Optimiser,
  relu,
  SGD,
  scaledDotProductAttention,
  sigmoid,
  silu,
  softmax,
  softplus,
  sub,
  tanh,
  zeros,
} from '../../engine/index.ts'
import { fakeQuantise } from '../../quant/affine/fakeQuantise.ts'
import type { Quantiser } from '../../quant/affine/quantiser.ts'
import type { TorchCase } from './torchCase.ts'

/** What an operator gave: the output and whatever else the case has expected values of, by their names there. */
export type Results = { readonly output: FloatTensor } & Readonly<Record<string, FloatTensor>>

/** Runs a case through the library. */
type Runner = (c: TorchCase) => FloatTensor | Results

const unary =
  (f: (x: FloatTensor) => FloatTensor): Runner =>
  (c) =>
    f(c.float('input'))

const binary =
  (f: (a: FloatTensor, b: FloatTensor) => FloatTensor): Runner =>
  (c) =>
    f(c.float('a'), c.float('b'))

type Pair = number | readonly [number, number]

const convOptions = ({ attributes }: TorchCase) => ({
  stride: attributes.get<Pair>('stride', 1),
  padding: attributes.get<Pair>('padding', 0),
  dilation: attributes.get<Pair>('dilation', 1),
  groups: attributes.get('groups', 1),
})

const poolOptions = ({ attributes }: TorchCase) => {
  const kernel = attributes.get<Pair>('kernel', 1)
  return {
    kernel,
    stride: attributes.get<Pair>('stride', kernel),
    padding: attributes.get<Pair>('padding', 0),
    ceilMode: attributes.get('ceilMode', false),
  }
}

/** PyTorch's fake quantisation multiplies by f32(1/scale), and stops the gradient of what it clips. */
function fakeQuantised(c: TorchCase, scale: Float32Array, zeroPoint: Int32Array, axis: number | null): FloatTensor {
  const quantiser: Quantiser = {
    scale,
    zeroPoint,
    qmin: c.attributes.get('qmin', -128),
    qmax: c.attributes.get('qmax', 127),
    axis,
  }
  return fakeQuantise(c.float('input'), quantiser, { ste: 'clipped', division: 'reciprocal' })
}

/** How each `op` of the cases is called here. */
export const runners: Readonly<Record<string, Runner>> = {
  abs: unary(abs),
  add: binary(add),
  avgPool2d: (c) =>
    avgPool2d(c.float('input'), { ...poolOptions(c), countIncludePad: c.attributes.get('countIncludePad', true) }),
  batchNorm2d(c) {
    const { attributes } = c
    const weight = c.float('weight')
    const { output, mean, variance } = batchNorm(
      c.float('input'),
      weight,
      c.float('bias'),
      c.optional('runningMean') ?? zeros(weight.shape),
      c.optional('runningVar') ?? full(weight.shape, 1),
      {
        training: attributes.get('training', false),
        momentum: attributes.get('momentum', 0.1),
        eps: attributes.get('eps', 1e-5),
      },
    )
    return { output, runningMeanAfter: mean, runningVarAfter: variance }
  },
  clip: (c) =>
    clip(
      c.float('input'),
      c.attributes.get('min', Number.NEGATIVE_INFINITY),
      c.attributes.get('max', Number.POSITIVE_INFINITY),
    ),
  conv2d: (c) => conv2d(c.float('input'), c.float('weight'), c.optional('bias'), convOptions(c)),
  convTranspose2d: (c) =>
    convTranspose2d(c.float('input'), c.float('weight'), c.optional('bias'), {
      ...convOptions(c),
      outputPadding: c.attributes.get<Pair>('outputPadding', 0),
    }),
  crossEntropy: (c) =>
    crossEntropy(c.float('input'), c.integers('target'), {
      reduction: c.attributes.get('reduction', 'mean'),
      labelSmoothing: c.attributes.get('labelSmoothing', 0),
    }),
  div: binary(div),
  exp: unary(exp),
  fakeQuantizePerChannel: (c) =>
    fakeQuantised(c, c.float('scale').data, c.integers('zeroPoint').data, c.attributes.get('axis', 0)),
  fakeQuantizePerTensor: (c) =>
    fakeQuantised(
      c,
      Float32Array.of(c.attributes.get('scale', 1)),
      Int32Array.of(c.attributes.get('zeroPoint', 0)),
      null,
    ),
  gelu: (c) => gelu(c.float('input'), { approximate: c.attributes.get('approximate', 'none') }),
  gelu_tanh: unary((x) => gelu(x, { approximate: 'tanh' })),
  globalAvgPool2d: unary(globalAvgPool2d),
  globalMaxPool2d: unary(globalMaxPool2d),
  hardsigmoid: unary(hardsigmoid),
  hardswish: unary(hardswish),
  layerNorm: (c) =>
    layerNorm(c.float('input'), c.float('weight'), c.optional('bias'), {
      axis: -c.attributes.get('normalizedShape', [1]).length,
      eps: c.attributes.get('eps', 1e-5),
    }),
  // The case names no slope; output / input of its negative elements is 0.1 throughout, not PyTorch's default 0.01.
  leakyRelu: (c) => leakyRelu(c.float('input'), { negativeSlope: c.attributes.get('negativeSlope', 0.1) }),
  linear: (c) => linear(c.float('input'), c.float('weight'), c.optional('bias')),
  log: unary(log),
  logSoftmax: (c) => logSoftmax(c.float('input'), { axis: c.attributes.get('axis', -1) }),
  matmul: binary(matmul),
  maxPool2d: (c) => maxPool2d(c.float('input'), { ...poolOptions(c), dilation: c.attributes.get<Pair>('dilation', 1) }),
  mse: binary(mse),
  mul: binary(mul),
  relu: unary(relu),
  scaledDotProductAttention: (c) => scaledDotProductAttention(c.float('q'), c.float('k'), c.float('v')),
  sigmoid: unary(sigmoid),
  silu: unary(silu),
  softmax: (c) => softmax(c.float('input'), { axis: c.attributes.get('axis', -1) }),
  softplus: unary(softplus),
  sub: binary(sub),
  tanh: unary(tanh),
}

/** Whether a case is the trajectory of an optimiser. */
export function isTrajectory(c: TorchCase): boolean {
  return c.has('gradients') && c.has('parameters') && c.has('initial')
}

/** The optimiser of a trajectory over one parameter; null where there is none of that name. */
export function optimiserOf({ op, attributes }: TorchCase, parameter: FloatTensor): Optimiser | null {
  const lr = attributes.get('lr', 0)
  const weightDecay = attributes.get('weight_decay', 0)
  attributes.expect('maximize', false)
  // These choose between PyTorch's implementations of the same arithmetic.
  for (const name of ['foreach', 'fused', 'capturable', 'differentiable']) attributes.get(name, null)
  if (op.startsWith('sgd')) {
    const momentum = attributes.get('momentum', 0)
    const dampening = attributes.get('dampening', 0)
    const nesterov = attributes.get('nesterov', false)
    return new SGD([['parameter', parameter]], { lr, momentum, dampening, nesterov, weightDecay })
  }
  if (op.startsWith('adam')) {
    attributes.expect('amsgrad', false)
    const betas = attributes.get<readonly [number, number]>('betas', [0.9, 0.999])
    const eps = attributes.get('eps', 1e-8)
    const decoupled = op.startsWith('adamw')
    return new AdamW([['parameter', parameter]], { lr, betas, eps, weightDecay, decoupled })
  }
  return null
}
