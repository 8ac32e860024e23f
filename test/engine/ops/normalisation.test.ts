import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { BatchNormalization, batchNorm } from '../../../engine/ops/batchNormalization.ts'
import { LayerNormalization, layerNorm } from '../../../engine/ops/layerNormalization.ts'
import { assertClose, uniformArray } from '../../support/close.ts'

const test = suite('batch and layer normalisation')
const vector = (...values: number[]) => tensor(values)
const parameters = (c: number) => {
  const random = new RandomStream(c, 'parameters')
  const draw = () => tensor(uniformArray(() => random.uniform(), c, 2))
  const variance = tensor(uniformArray(() => random.uniform(), c).map((value) => value + 1.5))
  return { scale: draw(), bias: draw(), mean: draw(), variance }
}

interface Normalised {
  y: number[]
  gradient: number[]
  gradScale: number
  gradBias: number
  mean: number
  variance: number
}

/**
 * One group of values normalised by its own statistics, in double, and the gradient of sum(y * r) from the chain rule
 * through mean and variance term by term (not the collected form that the kernels use).
 */
function doubleNormalise(x: number[], r: number[], scale: number, bias: number, eps: number): Normalised {
  const m = x.length
  const total = (values: number[]) => values.reduce((a, b) => a + b, 0)
  const mean = total(x) / m
  const variance = total(x.map((value) => (value - mean) ** 2)) / m
  const d = 1 / Math.sqrt(variance + eps)
  const gradNormal = r.map((value) => value * scale)
  const gradVariance = total(x.map((value, i) => gradNormal[i] * (value - mean))) * -0.5 * d ** 3
  const gradMean = -d * total(gradNormal)
  return {
    y: x.map((value) => (value - mean) * d * scale + bias),
    gradient: x.map((value, i) => gradNormal[i] * d + (gradVariance * 2 * (value - mean)) / m + gradMean / m),
    gradScale: total(x.map((value, i) => r[i] * (value - mean) * d)),
    gradBias: total(r),
    mean,
    variance,
  }
}

test('batch norm by hand: 1 and 3 have mean 2, variance 1', () => {
  const x = tensor([1, 3], [2, 1])
  const result = batchNorm(x, vector(2), vector(0.5), vector(0), vector(1), { training: true, eps: 0 })
  assert.equal([...result.output.data], [-1.5, 2.5])
  // Running: 0.9 * 0 + 0.1 * 2, and 0.9 * 1 + 0.1 * 2 (variance with divisor m - 1).
  assertClose(result.mean.data, [0.2])
  assertClose(result.variance.data, [1.1])
})

test('running_variance population: ONNX takes the variance with divisor m', () => {
  const inputs = [tensor([1, 3], [2, 1]), vector(1), vector(0), vector(10), vector(4)]
  const outputs = applyOp(BatchNormalization, inputs, {
    training_mode: 1,
    momentum: 0.75,
    running_variance: 'population',
  })
  assert.is(outputs.length, 3)
  assert.equal([...outputs[1].data], [8])
  assert.equal([...outputs[2].data], [3.25])
})

test('training agrees with double arithmetic, forward and backward', () => {
  const random = new RandomStream(1, 'batchNorm')
  for (const shape of [
    [4, 3],
    [2, 3, 37],
    [3, 1, 4, 4],
    [1, 5, 7, 3],
  ]) {
    const [n, c] = shape
    const size = shape.reduce((a, b) => a * b, 1)
    const p = size / n / c
    const m = n * p
    const data = uniformArray(() => random.uniform(), size, 3).map((value) => value + 5)
    const seed = uniformArray(() => random.uniform(), size)
    const { scale, bias, mean, variance } = parameters(c)
    const x = tensor(data, shape, { requiresGrad: true })
    scale.requiresGrad = true
    bias.requiresGrad = true
    const result = batchNorm(x, scale, bias, mean, variance, { training: true, momentum: 0.3, eps: 1e-3 })
    result.output.backward(tensor(seed, shape))
    for (let channel = 0; channel < c; channel++) {
      const at = Array.from({ length: m }, (_, i) => (Math.floor(i / p) * c + channel) * p + (i % p))
      const pick = (values: Float32Array) => at.map((i) => values[i])
      const want = doubleNormalise(pick(data), pick(seed), scale.data[channel], bias.data[channel], 1e-3)
      const label = `${shape}, channel ${channel}`
      assertClose(pick(result.output.data), want.y, label, { rtol: 1e-5, atol: 1e-5 })
      assertClose(pick(x.grad!.data), want.gradient, label, { rtol: 1e-5, atol: 1e-5 })
      assertClose([scale.grad!.data[channel]], [want.gradScale], label, { rtol: 1e-5, atol: 1e-5 })
      assertClose([bias.grad!.data[channel]], [want.gradBias], label, { rtol: 1e-5, atol: 1e-5 })
      assertClose([result.mean.data[channel]], [mean.data[channel] * 0.7 + want.mean * 0.3], label)
      const unbiased = (want.variance * m) / (m - 1)
      assertClose([result.variance.data[channel]], [variance.data[channel] * 0.7 + unbiased * 0.3], label)
    }
  }
})

test('evaluation agrees with double arithmetic and has the gradient of an affine map', () => {
  const random = new RandomStream(2, 'evaluation')
  const { scale, bias, mean, variance } = parameters(3)
  const data = uniformArray(() => random.uniform(), 30, 3)
  const seed = uniformArray(() => random.uniform(), 30)
  const x = tensor(data, [2, 3, 5], { requiresGrad: true })
  const result = batchNorm(x, scale, bias, mean, variance)
  const channel = (i: number) => Math.floor(i / 5) % 3
  const d = (i: number) => 1 / Math.sqrt(variance.data[channel(i)] + 1e-5)
  const want = Array.from(data, (value, i) => {
    const k = channel(i)
    return (value - mean.data[k]) * d(i) * scale.data[k] + bias.data[k]
  })
  assertClose(result.output.data, want)
  assert.is(result.mean, mean)
  assert.is(result.variance, variance)
  result.output.backward(tensor(seed, [2, 3, 5]))
  assertClose(
    x.grad!.data,
    Array.from(seed, (g, i) => g * d(i) * scale.data[channel(i)]),
  )
})

test('far from zero the variance survives: 1e4 and 1e4 + 1/64', () => {
  const x = tensor([1e4, 1e4 + 1 / 64], [2, 1])
  const { output } = batchNorm(x, vector(1), vector(0), vector(0), vector(1), { training: true, eps: 0 })
  assert.equal([...output.data], [-1, 1])
})

test('constant input gives the bias, and no NaN in its gradient', () => {
  const x = tensor([7, 7, 7, 7], [4, 1], { requiresGrad: true })
  const { output, variance } = batchNorm(x, vector(3), vector(0.25), vector(0), vector(1), { training: true })
  assert.equal([...output.data], [0.25, 0.25, 0.25, 0.25])
  assertClose(variance.data, [0.9])
  output.backward(tensor([1, 1, 1, 1], [4, 1]))
  assert.equal([...x.grad!.data], [0, 0, 0, 0])
})

test('running statistics are new tensors without history; nothing is written in place', () => {
  const mean = vector(1)
  const variance = vector(2)
  const scale = tensor([1], [1], { requiresGrad: true })
  const result = batchNorm(tensor([1, 3], [2, 1]), scale, vector(0), mean, variance, { training: true })
  assert.is(result.mean.requiresGrad, false)
  assert.is(result.variance.node, null)
  assert.is(result.output.requiresGrad, true)
  assert.equal([mean.item(), variance.item()], [1, 2])
})

test('one element a channel cannot train with unbiased variance; empty batches only evaluate', () => {
  const train = (x: FloatTensor) => batchNorm(x, vector(1), vector(0), vector(0), vector(1), { training: true })
  assert.throws(() => train(tensor([5], [1, 1])), /1 element\(s\) a channel.*needs 2 or more: use a larger batch/)
  assert.throws(() => train(tensor([], [0, 1, 3])), /0 element\(s\) a channel/)
  const inputs = [tensor([5], [1, 1]), vector(1), vector(0.5), vector(0), vector(1)]
  const population = applyOp(BatchNormalization, inputs, { training_mode: 1, running_variance: 'population' })
  assert.equal([...population[0].data], [0.5])
  const empty = batchNorm(tensor([], [0, 1, 3]), vector(1), vector(0), vector(0), vector(1))
  assert.equal(empty.output.shape, [0, 1, 3])
})

test('batch norm shapes: an unknown batch passes, the wrong channels do not', () => {
  const spec = (...shape: (number | null)[]) => ({ dtype: 'float32', shape }) as const
  const inputs = [spec(null, 4, 8, 8), spec(4), spec(4), spec(4), spec(4)]
  assert.equal(BatchNormalization.shape(inputs, {}), [spec(null, 4, 8, 8)])
  assert.equal(BatchNormalization.shape(inputs, { training_mode: 1 }), [spec(null, 4, 8, 8), spec(4), spec(4)])
  const wrong = [spec(2, 4), spec(4), spec(3), spec(4), spec(4)]
  assert.throws(() => BatchNormalization.shape(wrong, {}), /wanted B \[4\] for X \[2, 4\], got \[3\]/)
  assert.throws(() => BatchNormalization.shape([spec(4), ...wrong.slice(1)], {}), /rank 2 or more/)
  assert.throws(() => BatchNormalization.shape(inputs.slice(0, 3), {}), /wanted 5 inputs.*got 3/)
  assert.throws(() => BatchNormalization.shape([...inputs.slice(0, 4), null], {}), /input_var is missing/)
  assert.throws(() => BatchNormalization.shape(inputs, { epsilon: -1 }), /epsilon -1/)
  assert.throws(() => BatchNormalization.shape(inputs, { momentum: 1.5 }), /momentum 1\.5 is outside \[0, 1\]/)
})

test('layer norm by hand: mean, 1 / deviation and result of 1, 3 and 2, 6', () => {
  const x = tensor([1, 3, 2, 6], [2, 2])
  const outputs = applyOp(LayerNormalization, [x, vector(1, 2), vector(0, 1)], { epsilon: 0 })
  assert.equal([...outputs[0].data], [-1, 3, -1, 3])
  assert.equal([...outputs[1].data], [2, 4])
  assert.equal([...outputs[2].data], [1, 0.5])
  assert.equal(outputs[1].shape, [2, 1])
})

test('layer norm agrees with double arithmetic, forward and backward', () => {
  const random = new RandomStream(3, 'layerNorm')
  const [rows, length] = [5, 37]
  const data = uniformArray(() => random.uniform(), rows * length, 3)
  const seed = uniformArray(() => random.uniform(), rows * length)
  const x = tensor(data, [rows, length], { requiresGrad: true })
  const scale = tensor(
    uniformArray(() => random.uniform(), length, 2),
    [length],
    { requiresGrad: true },
  )
  const bias = tensor(
    uniformArray(() => random.uniform(), length, 2),
    [length],
    { requiresGrad: true },
  )
  const output = layerNorm(x, scale, bias, { eps: 1e-3 })
  output.backward(tensor(seed, [rows, length]))
  const gradScale = new Array<number>(length).fill(0)
  const gradBias = new Array<number>(length).fill(0)
  for (let row = 0; row < rows; row++) {
    const slice = (values: Float32Array) => [...values.subarray(row * length, (row + 1) * length)]
    const r = slice(seed)
    // The scale varies along the row, so it goes into the gradient that reaches the normalised values.
    const want = doubleNormalise(
      slice(data),
      r.map((value, i) => value * scale.data[i]),
      1,
      0,
      1e-3,
    )
    assertClose(
      slice(output.data),
      want.y.map((value, i) => value * scale.data[i] + bias.data[i]),
      `row ${row}`,
    )
    assertClose(slice(x.grad!.data), want.gradient, `gradient of row ${row}`)
    for (let i = 0; i < length; i++) {
      gradScale[i] += r[i] * want.y[i]
      gradBias[i] += r[i]
    }
  }
  assertClose(scale.grad!.data, gradScale, 'scale')
  assertClose(bias.grad!.data, gradBias, 'bias')
})

test('layer norm over several axes treats them as one row, and needs no bias', () => {
  const x = tensor([1, 3, 2, 6], [1, 2, 2])
  const flat = layerNorm(tensor(x.data, [1, 4]), vector(1, 2, 3, 4), null)
  const square = layerNorm(x, tensor([1, 2, 3, 4], [2, 2]), null, { axis: -2 })
  assert.equal([...square.data], [...flat.data])
  const zero = tensor([0, 0, 0, 0], [2, 2])
  assert.equal([...layerNorm(x, tensor([1, 2, 3, 4], [2, 2]), zero, { axis: 1 }).data], [...flat.data])
})

test('layer norm of constant rows gives the bias, of no rows nothing', () => {
  assert.equal([...layerNorm(tensor([4, 4], [1, 2]), vector(1, 1), vector(2, 3)).data], [2, 3])
  const scale = tensor([1, 1], [2], { requiresGrad: true })
  const empty = layerNorm(tensor([], [0, 2]), scale, null)
  assert.equal(empty.shape, [0, 2])
  empty.backward(tensor([], [0, 2]))
  assert.equal([...scale.grad!.data], [0, 0])
})

test('layer norm shapes', () => {
  const spec = (...shape: (number | null)[]) => ({ dtype: 'float32', shape }) as const
  const outputs = LayerNormalization.shape([spec(null, 3, 4), spec(4)], {})
  assert.equal(outputs, [spec(null, 3, 4), spec(null, 3, 1), spec(null, 3, 1)])
  const x = tensor([1, 2], [1, 2])
  assert.throws(() => layerNorm(x, vector(1), null), /wanted Scale \[2\] for X \[1, 2\] and axis -1, got \[1\]/)
  assert.throws(() => layerNorm(x, vector(1, 1), vector(1)), /wanted B \[2\]/)
  assert.throws(() => layerNorm(x, vector(1, 1), null, { eps: Number.NaN }), /epsilon NaN/)
  assert.throws(() => layerNorm(x, vector(1, 1), null, { axis: 2 }), /axis 2 is outside/)
})

test('no gradient flows through the statistics of layer norm', () => {
  const x = tensor([1, 3], [1, 2], { requiresGrad: true })
  const [, mean] = applyOp(LayerNormalization, [x, vector(1, 1), null], {}) as FloatTensor[]
  assert.throws(() => mean.backward(), /no gradient flows through Mean and InvStdDev/)
})

test.run()
