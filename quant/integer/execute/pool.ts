import type { PlaneExtents } from '../kernels/averagePool.ts'
import type { AveragePoolStep, MaxPoolStep, ProgramValue } from '../program.ts'
import { windowCounts } from '../windowCounts.ts'
import { type Preparation, type Runner, require } from './runner.ts'

function extentsOf(step: string, input: ProgramValue, output: ProgramValue): PlaneExtents {
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  require(input.shape.length === 3 && output.shape.length === 3, step, 'input and output [C, H, W]')
  require(channels === outChannels, step, `an output of ${channels} channels`)
  return { h, w, outH, outW }
}

/** The mean of windows. */
export function prepareAveragePool(step: AveragePoolStep, { inputs, output, kernels }: Preparation): Runner {
  const [input] = inputs
  const extents = extentsOf(step.name, input, output)
  const { inside, padded } = windowCounts(extents, step)
  const divisors = step.countPadding ? padded : inside
  const planeIn = extents.h * extents.w
  const pixels = extents.outH * extents.outW
  const target = { zeroPoint: output.zeroPoint, low: step.low, high: step.high }
  const sums = new Int32Array(pixels)
  const { arithmetic } = step
  const channels = input.shape[0]
  const entries = arithmetic.kind === 'requantise' ? Array.from(divisors, (n) => arithmetic.counts.indexOf(n)) : []
  require(!entries.includes(-1), step.name, 'a multiplier for every window size')

  const plane = (x: Int32Array, xStart: number, outStart: number, out: Int32Array): void => {
    switch (arithmetic.kind) {
      case 'raw-half-away':
        kernels.windowSums(x, xStart, extents, step, 0, sums)
        kernels.averageRaw(sums, divisors, inside, pixels, target, outStart, out)
        break
      case 'requantise':
        kernels.windowSums(x, xStart, extents, step, input.zeroPoint, sums)
        // Windows at the border may hold fewer taps: runs of equal size share a multiplier.
        for (let p = 0; p < pixels; ) {
          let end = p + 1
          while (end < pixels && entries[end] === entries[p]) end++
          kernels.requantiseRow(arithmetic.requantiser, entries[p], sums, p, end - p, target, outStart + p, 1, out)
          p = end
        }
        break
      case 'qdq': {
        const { scale, outputScale } = arithmetic
        const z = input.zeroPoint
        kernels.averageQdq(x, xStart, extents, step, divisors, z, scale, outputScale, target, outStart, out)
        break
      }
    }
  }
  return ([x], batch, out) => {
    for (let c = 0; c < batch * channels; c++) plane(x, c * planeIn, c * pixels, out)
  }
}

/** The largest code of windows. */
export function prepareMaxPool(step: MaxPoolStep, { inputs, output, kernels }: Preparation): Runner {
  const [input] = inputs
  const extents = extentsOf(step.name, input, output)
  const planeIn = extents.h * extents.w
  const pixels = extents.outH * extents.outW
  return ([x], batch, out) => {
    for (let c = 0; c < batch * input.shape[0]; c++) {
      kernels.maxPoolPlane(x, c * planeIn, extents, step, c * pixels, out)
    }
  }
}
