import type { AveragePoolPlan, MeanRule, PlaneExtents } from '../kernels/averagePool.ts'
import type { AveragePoolStep, MaxPoolStep, ProgramValue, Window } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import { storedTarget } from '../storage.ts'
import { windowCounts } from '../windowCounts.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require, SLACK } from './runner.ts'

function extentsOf(step: string, input: ProgramValue, output: ProgramValue): PlaneExtents {
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  require(input.shape.length === 3 && output.shape.length === 3, step, 'input and output [C, H, W]')
  require(channels === outChannels, step, `an output of ${outChannels} channels`)
  return { h, w, outH, outW }
}

/** Windows at the border may hold fewer taps: runs (entry, first pixel, pixels) of windows of equal size share a multiplier. */
function runsOf(entries: readonly number[]): Int32Array {
  const runs: number[] = []
  for (let p = 0; p < entries.length; ) {
    let end = p + 1
    while (end < entries.length && entries[end] === entries[p]) end++
    runs.push(entries[p], p, end - p)
    p = end
  }
  return Int32Array.from(runs)
}

/** The mean of windows. */
export function prepareAveragePool(step: AveragePoolStep, { inputs, output }: Preparation): PreparedStep {
  const [input] = inputs
  const extents = extentsOf(step.name, input, output)
  const { inside, padded } = windowCounts(extents, step)
  const divisors = step.countPadding ? padded : inside
  const { arithmetic } = step
  const isRaw = arithmetic.kind === 'raw-half-away'
  const rule = (): MeanRule => {
    if (arithmetic.kind === 'raw-half-away') return { kind: arithmetic.kind, offset: output.offset }
    if (arithmetic.kind === 'qdq') return arithmetic
    const { counts, requantiser } = arithmetic
    const entries = Array.from(divisors, (n) => counts.indexOf(n))
    require(!entries.includes(-1), step.name, 'a multiplier for every window size')
    return {
      kind: arithmetic.kind,
      requantiser: requantiserTable(requantiser, counts.length),
      runs: runsOf(entries),
    }
  }
  const target = storedTarget(output, step)
  const { kernel, strides, pads, dilations } = step
  const window: Window = { kernel, strides, pads, dilations }
  const plan: AveragePoolPlan = {
    extents,
    window,
    zeroPoint: isRaw ? -input.offset : input.zeroPoint,
    divisors,
    inside,
    rule: rule(),
    target: isRaw
      ? {
          zeroPoint: target.zeroPoint + output.offset,
          low: target.low + output.offset,
          high: target.high + output.offset,
        }
      : target,
  }
  const [channels] = input.shape
  // Several ranges of planes may run at a time, each with sums of its own.
  const sums = channels * (extents.outH * extents.outW + 3) + SLACK
  return prepared(plan, { packed: 0, sums }, (placed, { kernels, inputs: [x], batch, scratch, out }) => {
    const planeIn = extents.h * extents.w
    const planeOut = extents.outH * extents.outW
    for (let n = 0; n < batch; n++) {
      const from = n * channels * planeIn
      const to = n * channels * planeOut
      const image = x.subarray(from, from + channels * planeIn)
      kernels.averagePool(image, channels, placed, scratch.sums, out.subarray(to, to + channels * planeOut))
    }
  })
}

/** The largest code of windows. */
export function prepareMaxPool(step: MaxPoolStep, { inputs, output }: Preparation): PreparedStep {
  const [input] = inputs
  const extents = extentsOf(step.name, input, output)
  const [channels] = input.shape
  return prepared({}, noScratch, (_, { kernels, inputs: [x], batch, out }) =>
    kernels.maxPool(x, batch * channels, extents, step, out),
  )
}
