import { suite } from 'uvu'
import { adversarial, expectSameBits } from './identity.ts'

const test = suite('SIMD normalisation')

const planes = [1, 2, 3, 4, 5, 15, 16, 17, 33, 49, 63]
const sizes = [...planes.map((p) => [3, 5, p]), [1, 1, 1], [0, 3, 4], [7, 16, 1], [2, 3, 0], [1, 2, 784]]

for (const special of [false, true]) {
  for (const [n, c, p] of sizes) {
    test(`batch norm of [${n}, ${c}, ${p}] ${special ? 'with' : 'without'} special values`, () => {
      const x = adversarial(n * c * p, 'x', special)
      const gradOut = adversarial(n * c * p, 'gradOut', special)
      const mean = adversarial(c, 'mean', special)
      const variance = adversarial(c, 'variance', special).map(Math.abs)
      const scale = adversarial(c, 'scale', special)
      const bias = adversarial(c, 'bias', special)
      expectSameBits('statistics', (k) => {
        const results = [new Float32Array(c), new Float32Array(c)]
        k.batchNormStatistics(x, results[0], results[1], n, c, p)
        return results
      })
      expectSameBits('forward', (k) => {
        const out = new Float32Array(x.length)
        k.batchNorm(x, mean, variance, scale, bias, out, n, c, p, 1e-5)
        return [out]
      })
      expectSameBits('running', (k) => {
        const out = new Float32Array(c)
        k.batchNormRunning(mean, variance, out, 0.9, 1.01)
        return [out]
      })
      expectSameBits('gradients', (k) => {
        const [gradScale, gradBias] = [new Float32Array(c), new Float32Array(c)]
        const [training, evaluation] = [new Float32Array(x.length), new Float32Array(x.length)]
        k.batchNormParameterGrads(x, gradOut, mean, variance, gradScale, gradBias, n, c, p, 1e-5)
        k.batchNormGradTraining(x, gradOut, mean, variance, scale, gradScale, gradBias, training, n, c, p, 1e-5)
        k.batchNormGradEvaluation(gradOut, variance, scale, evaluation, n, c, p, 1e-5)
        return [gradScale, gradBias, training, evaluation]
      })
    })
  }

  for (const [rows, length] of [...planes.map((p) => [5, p]), [0, 4], [1, 257], [33, 20]]) {
    test(`layer norm of [${rows}, ${length}] ${special ? 'with' : 'without'} special values`, () => {
      const x = adversarial(rows * length, 'x', special)
      const gradOut = adversarial(rows * length, 'gradOut', special)
      const scale = adversarial(length, 'scale', special)
      for (const bias of [null, adversarial(length, 'bias', special)]) {
        expectSameBits('forward', (k) => {
          const results = [new Float32Array(x.length), new Float32Array(rows), new Float32Array(rows)]
          k.layerNorm(x, scale, bias, results[0], results[1], results[2], rows, length, 1e-5)
          return results
        })
      }
      const mean = adversarial(rows, 'mean', special)
      const deviation = adversarial(rows, 'deviation', special).map(Math.abs)
      expectSameBits('gradients', (k) => {
        const results = [new Float32Array(x.length), new Float32Array(length), new Float32Array(length)]
        k.layerNormGrad(x, scale, mean, deviation, gradOut, results[0], rows, length)
        k.layerNormParameterGrads(x, mean, deviation, gradOut, results[1], results[2], rows, length)
        return results
      })
    })
  }
}

test.run()
