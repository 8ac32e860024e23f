import { suite } from 'uvu'
import { adversarial, expectSameBits, lengths } from './identity.ts'

const test = suite('SIMD reductions, softmax and losses')

const lines = [
  ...lengths.map((extent) => [3, extent, 1]),
  ...[1, 2, 3, 4, 5, 7, 16, 21, 67].map((inner) => [2, 5, inner]),
  [1, 10, 64],
  [0, 3, 1],
  [2, 3, 0],
  [4, 1, 6],
  [2, 0, 3],
]

/** Few distinct values, so that maxima tie. */
function tied(length: number, name: string): Float32Array {
  return adversarial(length, name, false).map((value) => Math.round(value) % 3)
}

/** Which of `extent` is meant by each line. */
function labels(length: number, extent: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * 7) % extent)
}

for (const [outer, extent, inner] of lines) {
  test(`reductions over [${outer}, ${extent}, ${inner}]`, () => {
    const x = adversarial(outer * extent * inner, 'x')
    const gradOut = adversarial(outer * inner, 'gradOut')
    for (const values of [x, adversarial(x.length, 'finite', false), tied(x.length, 'tied'), x.map(() => -Infinity)]) {
      expectSameBits('reduceMax', (k) => {
        const [out, indices] = [new Float32Array(outer * inner), new Int32Array(outer * inner)]
        const gradX = new Float32Array(x.length)
        k.reduceMax(values, out, indices, outer, extent, inner)
        k.reduceMaxGrad(gradOut, indices, gradX, outer, extent, inner)
        return [out, indices, gradX]
      })
      expectSameBits('sums', (k) => {
        const [sum, channels] = [new Float32Array(outer * inner), new Float32Array(extent)]
        const gradX = new Float32Array(x.length)
        k.reduceSum(values, sum, outer, extent, inner)
        k.reduceSumGrad(gradOut, gradX, outer, extent, inner)
        k.channelSum(values, channels, outer, extent, inner)
        return [sum, gradX, channels]
      })
    }
  })

  test(`softmax and losses over [${outer}, ${extent}, ${inner}]`, () => {
    for (const special of [false, true]) {
      const x = adversarial(outer * extent * inner, 'x', special)
      const gradOut = adversarial(x.length, 'gradOut', special)
      for (const name of ['softmax', 'logSoftmax'] as const) {
        expectSameBits(name, (k) => {
          const [y, gradX] = [new Float32Array(x.length), new Float32Array(x.length)]
          k[name](x, y, outer, extent, inner)
          k[`${name}Grad`](y, gradOut, gradX, outer, extent, inner)
          return [y, gradX]
        })
      }
      if (extent === 0) continue
      const target = labels(outer * inner, extent)
      for (const smoothing of [0, 0.1]) {
        for (const gradLosses of [Float32Array.of(0.7), adversarial(outer * inner, 'losses', special)]) {
          expectSameBits(`crossEntropy, smoothing ${smoothing}`, (k) => {
            const losses = new Float32Array(outer * inner)
            const [probabilities, gradLogits] = [new Float32Array(x.length), new Float32Array(x.length)]
            k.crossEntropy(x, target, losses, probabilities, outer, extent, inner, smoothing)
            k.crossEntropyGrad(probabilities, target, gradLosses, gradLogits, outer, extent, inner, smoothing, 6)
            return [losses, probabilities, gradLogits]
          })
        }
      }
    }
  })
}

test('mean squared error', () => {
  for (const special of [false, true]) {
    for (const n of lengths) {
      const [a, b] = [adversarial(n, 'a', special), adversarial(n, 'b', special)]
      expectSameBits(`length ${n}`, (k) => {
        const [out, gradA] = [new Float32Array(1), new Float32Array(n)]
        k.meanSquaredError(a, b, out)
        k.meanSquaredErrorGrad(a, b, Float32Array.of(0.3), gradA)
        return [out, gradA]
      })
    }
  }
})

test.run()
