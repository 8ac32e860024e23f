import type { AverageArithmetic } from '../arithmetic.ts'
import type { AveragePoolPlan, MeanRule, PlaneExtents } from '../kernels/averagePool.ts'
import type { AveragePoolStep, MaxPoolStep, ProgramValue, Window } from '../program.ts'
import { type CodeTarget, requantiserTable } from '../requantise/requantiser.ts'
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

/** What is added after the rounding, and the limits: 'raw-half-away' limits codes as they are outside, others those kept. */
function targetOf(arithmetic: AverageArithmetic, target: CodeTarget, offset: number): CodeTarget {
  const { zeroPoint, low, high } = target
  switch (arithmetic.kind) {
    case 'raw-half-away':
      return { zeroPoint: zeroPoint + offset, low: low + offset, high: high + offset }
    case 'requantise-raw':
      return { ...target, zeroPoint: arithmetic.bias - offset }
    case 'f32-zero-inside':
    case 'qdq-zero-inside':
      return { ...target, zeroPoint: -offset }
    case 'requantise':
    case 'qdq':
      return target
  }
}

/** The mean of windows. */
export function prepareAveragePool(step: AveragePoolStep, { inputs, output }: Preparation): PreparedStep {
  const [input] = inputs
  const extents = extentsOf(step.name, input, output)
  const { inside, padded } = windowCounts(extents, step)
  const divisors = step.countPadding ? padded : inside
  const { arithmetic } = step
  const holdsPadding = divisors.some((n, i) => n !== inside[i])
  require(!holdsPadding ||
    !/^(requantise-raw|f32-zero-inside)$/.test(arithmetic.kind), step.name, 'windows inside the image')
  const outside = output.zeroPoint + output.offset
  const entriesOf = (counts: readonly number[]): number[] => {
    const entryOf = new Map(counts.map((n, entry) => [n, entry]))
    const entries = Array.from(divisors, (n) => entryOf.get(n) ?? -1)
    require(!entries.includes(-1), step.name, 'a multiplier for every window size')
    return entries
  }
  const rule = (): MeanRule => {
    switch (arithmetic.kind) {
      case 'raw-half-away':
        return { kind: arithmetic.kind, offset: output.offset }
      case 'qdq':
      case 'qdq-zero-inside': {
        const { scale, outputScale } = arithmetic
        return { kind: 'qdq', scale, outputScale, before: arithmetic.kind === 'qdq' ? 0 : outside }
      }
      case 'f32-zero-inside':
        return {
          kind: arithmetic.kind,
          scales: Float64Array.from(arithmetic.scales),
          offsets: Float64Array.from(arithmetic.offsets),
          runs: runsOf(entriesOf(arithmetic.counts)),
        }
      case 'requantise':
      case 'requantise-raw':
        return {
          kind: 'requantise',
          requantiser: requantiserTable(arithmetic.requantiser, arithmetic.counts.length),
          runs: runsOf(entriesOf(arithmetic.counts)),
        }
    }
  }
  const sumsRaw = /^(raw-half-away|requantise-raw|f32-zero-inside)$/.test(arithmetic.kind)
  const { kernel, strides, pads, dilations } = step
  const window: Window = { kernel, strides, pads, dilations }
  const plan: AveragePoolPlan = {
    extents,
    window,
    zeroPoint: sumsRaw ? -input.offset : input.zeroPoint,
    divisors,
    inside,
    rule: rule(),
    target: targetOf(arithmetic, storedTarget(output, step), output.offset),
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
