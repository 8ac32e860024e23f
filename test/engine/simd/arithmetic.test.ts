import { suite } from 'uvu'
import { broadcastShapes, type Shape, sizeOf } from '../../../engine/base/shape.ts'
import { broadcastLayout } from '../../../engine/kernels/broadcast.ts'
import { adversarial, expectSameBits, lengths } from './identity.ts'

const test = suite('SIMD broadcasts and optimisers')

const shapes: [Shape, Shape][] = [
  ...lengths.map((n): [Shape, Shape] => [[n], [n]]),
  ...[1, 3, 17].map((n): [Shape, Shape] => [[n], []]),
  ...[1, 3, 17].map((n): [Shape, Shape] => [[1], [n]]),
  [
    [2, 3, 5, 7],
    [1, 3, 1, 1],
  ],
  [
    [3, 1],
    [1, 13],
  ],
  [
    [2, 1, 3, 1, 9],
    [1, 2, 1, 3, 1],
  ],
  [[4, 33], [33]],
  [
    [4, 33],
    [4, 1],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [
    [5, 1, 4],
    [5, 6, 1],
  ],
]

for (const name of ['addBroadcast', 'subBroadcast', 'mulBroadcast', 'divBroadcast'] as const) {
  test(name, () => {
    for (const [aShape, bShape] of shapes) {
      const shape = broadcastShapes(aShape, bShape, name) as number[]
      const a = adversarial(sizeOf(aShape), `${name} a`)
      const b = adversarial(sizeOf(bShape), `${name} b`)
      expectSameBits(`${name} [${aShape}] [${bShape}]`, (kernels) => {
        const out = new Float32Array(sizeOf(shape))
        kernels[name](a, b, broadcastLayout(aShape, bShape, shape), out)
        return [out]
      })
    }
  })
}

for (const special of [false, true]) {
  test(`steps of the optimisers ${special ? 'with' : 'without'} special values`, () => {
    for (const n of lengths) {
      const gradient = adversarial(n, 'gradient', special)
      const parameter = adversarial(n, 'parameter', special)
      const first = adversarial(n, 'first', special)
      const second = adversarial(n, 'second', special)
      expectSameBits(`sgd at ${n}`, (kernels) => {
        const p = parameter.slice()
        kernels.sgd(gradient, p, 0.1, 5e-4)
        return [p]
      })
      for (const nesterov of [false, true]) {
        expectSameBits(`sgdMomentum at ${n}`, (kernels) => {
          const [p, buffer] = [parameter.slice(), first.slice()]
          kernels.sgdMomentum(gradient, buffer, p, { lr: 0.1, weightDecay: 5e-4, momentum: 0.9, intake: 0.7, nesterov })
          return [p, buffer]
        })
      }
      expectSameBits(`adam at ${n}`, (kernels) => {
        const [p, m, v] = [parameter.slice(), first.slice(), second.map(Math.abs)]
        const factors = { beta1: 0.9, beta2: 0.999, eps: 1e-8, stepSize: 3e-3, correction: 0.37, l2: 0.01, keep: 0.998 }
        kernels.adam(gradient, m, v, p, factors)
        return [p, m, v]
      })
    }
  })
}

test.run()
