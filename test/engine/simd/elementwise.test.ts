import { suite } from 'uvu'
import { adversarial, expectSameBits, lengths } from './identity.ts'

const test = suite('SIMD element-wise kernels')

for (const n of lengths) {
  test(`relu, add at ${n}`, () => {
    const x = adversarial(n, 'x')
    const y = adversarial(n, 'y')
    expectSameBits('relu', (k) => {
      const out = new Float32Array(n)
      k.relu(x, out)
      return [out]
    })
    expectSameBits('reluGrad', (k) => {
      const out = new Float32Array(n)
      k.reluGrad(x, y, out)
      return [out]
    })
    expectSameBits('add', (k) => {
      const out = new Float32Array(n)
      k.add(x, y, out)
      return [out]
    })
  })
}

test.run()
