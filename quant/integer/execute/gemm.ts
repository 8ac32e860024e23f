import { biasStarts, weightCodes } from '../constants.ts'
import type { GemmStep } from '../program.ts'
import { type Preparation, type Runner, require } from './runner.ts'
import { packWeights } from './weights.ts'

/** How many images share one pass over the weights. */
const ROWS = 64

/** A fully connected layer: the images of a batch are the pixels of the dot products. */
export function prepareGemm(step: GemmStep, { inputs, output, constants, kernels }: Preparation): Runner {
  const [input] = inputs
  const [channels, taps] = step.weight.shape
  require(input.shape.length === 1 && input.shape[0] === taps, step.name, `an input of [${taps}]`)
  require(output.shape.length === 1 && output.shape[0] === channels, step.name, `an output of [${channels}]`)
  const base = Int32Array.from({ length: ROWS }, (_, row) => row * taps)
  const offset = Int32Array.from({ length: taps }, (_, k) => k)
  const weights = packWeights(weightCodes(step.weight, constants), 1, channels, taps)
  const bias = biasStarts(step.bias, channels, constants)
  const centred = new Int32Array(ROWS * taps)
  const acc = new Int32Array(4 * ROWS)
  const target = { zeroPoint: output.zeroPoint, low: step.low, high: step.high }

  return ([x], batch, out) => {
    for (let first = 0; first < batch; first += ROWS) {
      const rows = Math.min(ROWS, batch - first)
      kernels.centrePlanes(x, first * taps, rows, 1, taps, input.zeroPoint, 0, 0, 1, taps, centred)
      for (let c = 0; c < channels; ) {
        const width = c < weights.quads ? 4 : 1
        const dot = width === 4 ? kernels.dot4 : kernels.dot1
        dot(centred, 0, base, rows, offset, taps, weights.data, c * taps, bias, c, acc)
        for (let j = 0; j < width; j++, c++) {
          const outStart = first * channels + c
          kernels.requantiseRow(step.requantiser, c, acc, j * rows, rows, target, outStart, channels, out)
        }
      }
    }
  }
}
