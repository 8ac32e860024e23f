import type { ConvShape } from '../../engine/kernels/convShape.ts'
import type { Kernels } from '../../engine/kernels/index.ts'

/** Gives a float32 array of numbers in [-1, 1) where kernels find it without a copy. */
export type Allocate = (length: number) => Float32Array

/** A kernel on one shape. */
export interface KernelCase {
  readonly name: string
  /** What one run does: multiplications and additions, or elements. */
  readonly amount: number
  /** 'GFLOP/s' where arithmetic decides, so that a share of the peak means something. */
  readonly unit: 'GFLOP/s' | 'Gelement/s'
  /** Allocates the operands; the result runs the case with one implementation. */
  prepare(allocate: Allocate): (kernels: Kernels) => void
}

/** Every kernel that networks spend their time in, at shapes as small-picture networks have them. */
export const kernelCases: readonly KernelCase[] = [
  matmul(384),
  matmul(1024),
  ...convolutions('conv 3x3 32->32 [8, 32, 32, 32]', { batch: 8, channels: 32, size: 32, kernel: 3 }),
  ...convolutions('conv 3x3 64->64 [8, 64, 16, 16]', { batch: 8, channels: 64, size: 16, kernel: 3 }),
  ...convolutions('conv 1x1 128->128 [8, 128, 16, 16]', { batch: 8, channels: 128, size: 16, kernel: 1 }),
  ...convolutions('depthwise 3x3 64 [8, 64, 32, 32]', { batch: 8, channels: 64, size: 32, kernel: 3, groups: 64 }),
  elementwise('relu', (k, x, out) => k.relu(x, out)),
  elementwise('add', (k, x, out) => k.add(x, x, out)),
  elementwise('exp', (k, x, out) => k.exp(x, out)),
  elementwise('sigmoid', (k, x, out) => k.sigmoid(x, out)),
  elementwise('gelu', (k, x, out) => k.gelu(x, out)),
  elementwise('softmax [1024, 512]', (k, x, out) => k.softmax(x, out, 1024, 512, 1)),
  ...batchNorm(),
  maxPool(),
  elementwise('sgdMomentum', (k, x, out) => {
    // A rate of 0 leaves the parameter finite however often it runs.
    k.sgdMomentum(x, x, out, { lr: 0, weightDecay: 0, momentum: 0.5, intake: 0.5, nesterov: false })
  }),
]

function matmul(n: number): KernelCase {
  return {
    name: `matmul ${n}x${n}x${n}`,
    amount: 2 * n ** 3,
    unit: 'GFLOP/s',
    prepare(allocate) {
      const a = allocate(n * n)
      const b = allocate(n * n)
      const out = allocate(n * n)
      return (kernels) => kernels.matmul(a, b, n, n, n, 0, 0, out)
    },
  }
}

interface ConvSizes {
  readonly batch: number
  readonly channels: number
  readonly size: number
  readonly kernel: number
  readonly groups?: number
}

/** A convolution that keeps shape and channels, and its two gradients. */
function convolutions(name: string, { batch, channels, size, kernel, groups = 1 }: ConvSizes): KernelCase[] {
  const shape: ConvShape = {
    batch,
    groups,
    channels,
    height: size,
    width: size,
    outChannels: channels,
    outHeight: size,
    outWidth: size,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: kernel >> 1,
    padLeft: kernel >> 1,
  }
  const pixels = batch * channels * size * size
  const weights = (channels * channels * kernel * kernel) / groups
  const amount = 2 * batch * size * size * weights
  const make = (suffix: string, prepare: KernelCase['prepare']): KernelCase => {
    return { name: name + suffix, amount, unit: 'GFLOP/s', prepare }
  }
  return [
    make('', (allocate) => {
      const [x, weight, bias, out] = [pixels, weights, channels, pixels].map(allocate)
      return (kernels) => kernels.conv2d(x, weight, bias, shape, out)
    }),
    make(', gradient of x', (allocate) => {
      const [gradOut, weight, gradX] = [pixels, weights, pixels].map(allocate)
      return (kernels) => kernels.conv2dGradInput(gradOut, weight, shape, gradX)
    }),
    make(', gradient of weight', (allocate) => {
      const [x, gradOut, gradWeight] = [pixels, pixels, weights].map(allocate)
      return (kernels) => kernels.conv2dGradWeight(x, gradOut, shape, gradWeight)
    }),
  ]
}

/** One array in, one out. */
function elementwise(name: string, run: (kernels: Kernels, x: Float32Array, out: Float32Array) => void): KernelCase {
  const amount = 2 ** 19
  return {
    name,
    amount,
    unit: 'Gelement/s',
    prepare(allocate) {
      const x = allocate(amount)
      const out = allocate(amount)
      return (kernels) => run(kernels, x, out)
    },
  }
}

/** Batch normalisation of [8, 64, 32, 32] in training: statistics, normalisation, gradients. */
function batchNorm(): KernelCase[] {
  const [n, c, p, epsilon] = [8, 64, 1024, 1e-5]
  const make = (name: string, prepare: KernelCase['prepare']): KernelCase => {
    return { name: `${name} [8, 64, 32, 32]`, amount: n * c * p, unit: 'Gelement/s', prepare }
  }
  return [
    make('batchNormStatistics', (allocate) => {
      const [x, mean, variance] = [n * c * p, c, c].map(allocate)
      return (kernels) => kernels.batchNormStatistics(x, mean, variance, n, c, p)
    }),
    make('batchNorm', (allocate) => {
      const [x, mean, variance, scale, bias, out] = [n * c * p, c, c, c, c, n * c * p].map(allocate)
      variance.fill(1)
      return (kernels) => kernels.batchNorm(x, mean, variance, scale, bias, out, n, c, p, epsilon)
    }),
    make('batchNorm, gradients', (allocate) => {
      const [x, gradOut, gradX] = [n * c * p, n * c * p, n * c * p].map(allocate)
      const [mean, variance, scale, gradScale, gradBias] = [c, c, c, c, c].map(allocate)
      variance.fill(1)
      return (k) => {
        k.batchNormParameterGrads(x, gradOut, mean, variance, gradScale, gradBias, n, c, p, epsilon)
        k.batchNormGradTraining(x, gradOut, mean, variance, scale, gradScale, gradBias, gradX, n, c, p, epsilon)
      }
    }),
  ]
}

/** 2x2 windows over 512 planes of 32x32; elements are those read. */
function maxPool(): KernelCase {
  const [planes, size] = [512, 32]
  const shape = {
    planes,
    height: size,
    width: size,
    outHeight: size / 2,
    outWidth: size / 2,
    kernelHeight: 2,
    kernelWidth: 2,
    strideHeight: 2,
    strideWidth: 2,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    padBottom: 0,
    padRight: 0,
  }
  return {
    name: 'maxPool 2x2 [8, 64, 32, 32]',
    amount: planes * size * size,
    unit: 'Gelement/s',
    prepare(allocate) {
      const x = allocate(planes * size * size)
      const out = allocate((planes * size * size) / 4)
      const argmax = allocate(out.length)
      const indices = new Int32Array(argmax.buffer, argmax.byteOffset, argmax.length)
      return (kernels) => kernels.maxPool(x, shape, out, indices)
    },
  }
}
