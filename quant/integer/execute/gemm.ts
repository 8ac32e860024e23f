import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { biasStarts, centredWeights } from '../constants.ts'
import type { GemmPlan } from '../kernels/gemm.ts'
import type { GemmStep } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import { storedTarget } from '../storage.ts'
import { type Preparation, type PreparedStep, prepared, require, SLACK } from './runner.ts'
import { prepareSaturatingLayer } from './saturatingLayer.ts'
import { packWeights } from './weights.ts'

/** How many rows (images) share one pass over the weights. */
const ROWS = 64
/** Bytes of packed rows that are filled before they are used. */
const CHUNK_BYTES = 1048576
/** Bytes of sums that they may take, where they are more than those that share a pass. */
const SUM_BYTES = 4194304

/** A fully connected layer: each vector along the last axis is a row. */
export function prepareGemm(step: GemmStep, preparation: Preparation): PreparedStep {
  const { inputs, output, constants } = preparation
  const [input] = inputs
  const [channels, taps] = step.weight.shape
  const outer = input.shape.slice(0, -1)
  require(input.shape[outer.length] === taps, step.name, `an input of [..., ${taps}]`)
  require(sameShape(output.shape, [...outer, channels]), step.name, `an output of [..., ${channels}]`)
  if (step.pairSaturation !== undefined) return prepareSaturatingLayer(step, preparation)
  const filled = 4 * Math.ceil(channels / 4)
  const codes = new Int16Array(filled * taps)
  codes.set(centredWeights(step.weight, constants))
  const bias = new Int32Array(filled)
  bias.set(biasStarts(step.bias, channels, constants))
  const pairs = Math.ceil(taps / 2)
  const tapOf = Array.from({ length: 2 * pairs }, (_, k) => (k < taps ? k : -1))
  const plan: GemmPlan = {
    taps,
    channels,
    zeroPoint: input.zeroPoint,
    rowsPerBlock: ROWS,
    weights: packWeights(codes, 1, filled, tapOf),
    bias,
    requantiser: requantiserTable(step.requantiser, channels),
    target: storedTarget(output, step),
  }
  const chunk = ROWS * Math.max(1, Math.floor(Math.min(CHUNK_BYTES / (4 * pairs), SUM_BYTES / (4 * filled)) / ROWS))
  const rowsPerImage = sizeOf(outer)
  const needs = { packed: 2 * chunk * pairs + SLACK, sums: (chunk / ROWS) * filled * ROWS }
  return prepared(plan, needs, (placed, { kernels, inputs: [x], batch, scratch, out }) => {
    const total = batch * rowsPerImage
    for (let first = 0; first < total; first += chunk) {
      const rows = Math.min(chunk, total - first)
      kernels.packRows(x.subarray(first * taps, (first + rows) * taps), rows, placed, scratch.packed)
      const part = out.subarray(first * channels, (first + rows) * channels)
      kernels.gemm(scratch.packed, rows, placed, scratch.sums, part)
    }
  })
}
