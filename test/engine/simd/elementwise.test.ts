import { suite } from 'uvu'
import type { Kernels } from '../../../engine/kernels/index.ts'
import { adversarial, expectSameBits, lengths, memory } from './identity.ts'

const test = suite('SIMD element-wise kernels')

type Forward = (kernels: Kernels, x: Float32Array, out: Float32Array) => void
type Gradient = (kernels: Kernels, x: Float32Array, gradOut: Float32Array, gradX: Float32Array) => void

const forwards: Record<string, Forward> = {
  abs: (k, x, out) => k.abs(x, out),
  'clip to [-0.1, 0.3]': (k, x, out) => k.clip(x, out, -0.1, 0.3),
  'clip from 0': (k, x, out) => k.clip(x, out, 0, Number.POSITIVE_INFINITY),
  'divideBy 3.3': (k, x, out) => k.divideBy(x, out, 3.3),
  'divideBy 0': (k, x, out) => k.divideBy(x, out, 0),
  exp: (k, x, out) => k.exp(x, out),
  gelu: (k, x, out) => k.gelu(x, out),
  geluTanh: (k, x, out) => k.geluTanh(x, out),
  hardSigmoid: (k, x, out) => k.hardSigmoid(x, out, 0.2, 0.5),
  hardSwish: (k, x, out) => k.hardSwish(x, out),
  leakyRelu: (k, x, out) => k.leakyRelu(x, out, 0.1),
  'leakyRelu, steep': (k, x, out) => k.leakyRelu(x, out, -2.5),
  log: (k, x, out) => k.log(x, out),
  relu: (k, x, out) => k.relu(x, out),
  sigmoid: (k, x, out) => k.sigmoid(x, out),
  softplus: (k, x, out) => k.softplus(x, out),
  swish: (k, x, out) => k.swish(x, out, 1.7),
  tanh: (k, x, out) => k.tanh(x, out),
}

const gradients: Record<string, Gradient> = {
  absGrad: (k, x, gradOut, gradX) => k.absGrad(x, gradOut, gradX),
  'add, as a function of two': (k, x, gradOut, gradX) => k.add(x, gradOut, gradX),
  clipGrad: (k, x, gradOut, gradX) => k.clipGrad(x, gradOut, gradX, -1, 0.5),
  expGrad: (k, x, gradOut, gradX) => k.expGrad(x, gradOut, gradX),
  geluGrad: (k, x, gradOut, gradX) => k.geluGrad(x, gradOut, gradX),
  geluTanhGrad: (k, x, gradOut, gradX) => k.geluTanhGrad(x, gradOut, gradX),
  hardSigmoidGrad: (k, x, gradOut, gradX) => k.hardSigmoidGrad(x, gradOut, gradX, 0.2, 0.5),
  hardSwishGrad: (k, x, gradOut, gradX) => k.hardSwishGrad(x, gradOut, gradX),
  leakyReluGrad: (k, x, gradOut, gradX) => k.leakyReluGrad(x, gradOut, gradX, 0.1),
  logGrad: (k, x, gradOut, gradX) => k.logGrad(x, gradOut, gradX),
  reluGrad: (k, x, gradOut, gradX) => k.reluGrad(x, gradOut, gradX),
  sigmoidGrad: (k, x, gradOut, gradX) => k.sigmoidGrad(x, gradOut, gradX),
  softplusGrad: (k, x, gradOut, gradX) => k.softplusGrad(x, gradOut, gradX),
  swishGrad: (k, x, gradOut, gradX) => k.swishGrad(x, gradOut, gradX, 1.7),
  tanhGrad: (k, x, gradOut, gradX) => k.tanhGrad(x, gradOut, gradX),
}

/**
 * Where the functions change formula or leave the range of float32: both sides of each, spread over magnitudes, and the
 * numbers next to the bounds of hardSwish and clip.
 */
function edges(): Float32Array {
  const values: number[] = []
  const bounds = [0.0625, 0.3, 0.5, 1, 2.5, 3, 27, 38, 88.72, 88.73, 103.9, 104, 708, 709, 1e3, 3e38, Infinity, 1e-45]
  for (const bound of bounds) {
    for (const factor of [1, 1 + 2 ** -23, 1 - 2 ** -23, 1.01, 0.99]) values.push(bound * factor, -bound * factor)
  }
  values.push(0, -0, Number.NaN, 1e-38, -1e-38, 1.17549435e-38)
  for (let i = -200; i <= 200; i++) values.push(i / 8, i / 1.9)
  return Float32Array.from(values)
}

for (const [name, forward] of Object.entries(forwards)) {
  test(name, () => {
    for (const x of [...lengths.map((n) => adversarial(n, name)), edges(), adversarial(4099, `${name}, long`)]) {
      expectSameBits(name, (kernels) => {
        const out = new Float32Array(x.length)
        forward(kernels, x, out)
        return [out]
      })
    }
  })
}

for (const [name, gradient] of Object.entries(gradients)) {
  test(name, () => {
    for (const x of [...lengths.map((n) => adversarial(n, name)), edges(), adversarial(4099, `${name}, long`)]) {
      const gradOut = adversarial(x.length, `${name}, gradient`)
      expectSameBits(name, (kernels) => {
        const gradX = new Float32Array(x.length)
        gradient(kernels, x, gradOut, gradX)
        return [gradX]
      })
    }
  })
}

test('the result may be the input, and both may lie in the memory', () => {
  const x = adversarial(67, 'in place')
  const top = memory.top
  const resident = new Float32Array(memory.memory.buffer, memory.allocate(272) + 4, x.length)
  for (const [name, forward] of Object.entries(forwards)) {
    expectSameBits(`${name} in place`, (kernels) => {
      resident.set(x)
      forward(kernels, resident, resident)
      return [resident.slice()]
    })
  }
  memory.rewind(top)
})

test.run()
