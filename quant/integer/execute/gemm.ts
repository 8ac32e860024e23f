import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { biasStarts, centredWeights } from '../constants.ts'
import type { GemmPlan } from '../kernels/gemm.ts'
import type { GemmStep, ProgramConstants } from '../program.ts'
import type { Stored, StoredValue } from '../storage.ts'
import { codeRule, type Products, prepareProducts, type SumRule } from './products.ts'
import { type Preparation, type PreparedStep, require, SLACK } from './runner.ts'
import { findSaturation } from './saturation.ts'
import { packWeights } from './weights.ts'

/** How many rows (images) share one pass over the weights. */
const ROWS = 64
/** Bytes of packed rows that are filled before they are used. */
const CHUNK_BYTES = 1048576
/** Bytes of sums that they may take, where they are more than those that share a pass. */
const SUM_BYTES = 4194304

/**
 * The products of a matrix with each vector along the last axis, a row. Throws `FormatError` for a step that does not fit its
 * tensors.
 */
export function matrixProduct(
  step: Pick<GemmStep, 'name' | 'weight' | 'bias' | 'pairSaturation'>,
  input: StoredValue,
  output: Stored,
  constants: ProgramConstants,
  { requantiser, target }: SumRule,
): Products<GemmPlan> {
  const { name, weight } = step
  const [channels, taps] = weight.shape
  const outer = input.shape.slice(0, -1)
  require(weight.shape.length === 2 && input.shape[outer.length] === taps, name, `an input of [..., ${taps}]`)
  require(sameShape(output.shape, [...outer, channels]), name, `an output of [..., ${channels}]`)
  const filled = 4 * Math.ceil(channels / 4)
  const centred = centredWeights(weight, constants)
  const codes = new Int16Array(filled * taps)
  codes.set(centred)
  const bias = new Int32Array(filled)
  bias.set(biasStarts(step.bias, channels, constants))
  const pairs = Math.ceil(taps / 2)
  const tapOf = Array.from({ length: 2 * pairs }, (_, k) => (k < taps ? k : -1))
  const offsets = Array.from({ length: pairs }, (_, pair) => pair)
  const plan: GemmPlan = {
    taps,
    channels,
    rowsPerBlock: ROWS,
    weights: packWeights(codes, 1, filled, tapOf),
    bias,
    saturation: findSaturation(step, centred, input, tapOf, offsets),
    requantiser,
    target,
  }
  const chunk = ROWS * Math.max(1, Math.floor(Math.min(CHUNK_BYTES / (4 * pairs), SUM_BYTES / (4 * filled)) / ROWS))
  const rowsPerImage = sizeOf(outer)
  return {
    plan,
    needs: { packed: 2 * chunk * pairs + SLACK, sums: (chunk / ROWS) * filled * ROWS },
    run(placed, { kernels, x, images, zeroPoint, scratch, out }) {
      const total = images * rowsPerImage
      for (let first = 0; first < total; first += chunk) {
        const rows = Math.min(chunk, total - first)
        kernels.packRows(x.subarray(first * taps, (first + rows) * taps), rows, taps, zeroPoint, scratch.packed)
        const part = out.subarray(first * channels, (first + rows) * channels)
        kernels.gemm(scratch.packed, rows, placed, scratch.sums, part)
      }
    },
  }
}

/** A fully connected layer from int8 codes to int8 codes. Throws as `matrixProduct` does. */
export function prepareGemm(step: GemmStep, { inputs: [input], output, constants }: Preparation): PreparedStep {
  return prepareProducts(matrixProduct(step, input, output, constants, codeRule(step, output)), input.zeroPoint)
}
