/** What the parts of a step have to do with each other: shapes, quantisers, constants, and integers that cannot overflow. */

import { formatShape, sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { addBound } from '../addBound.ts'
import { accumulatorBounds, checkBounds, checkExact, largestOffset } from '../bounds.ts'
import { tableCodes } from '../constants.ts'
import type { Step } from '../program.ts'
import { layer, products, weights } from './layers.ts'
import {
  type AnyValue,
  entries,
  fits,
  isCodes,
  limited,
  type StepCost,
  type Surroundings,
  sameQuantisers,
  sameShapes,
  wanted,
} from './wanted.ts'
import { pool } from './windows.ts'

/** The most inputs a step may have. */
const MANY = 2 ** 16

/** How a step of one operator is checked: on codes alone, or on anything. */
type Relation<S extends Step> = {
  /** How many inputs it has. */
  readonly inputs: readonly [least: number, most: number]
} & (
  | { relate(step: S, surroundings: Surroundings): Partial<StepCost> }
  /** Throws `FormatError` or `NumericError`; returns what is not the cost of copying its output. */
  | { relateAny(step: S, surroundings: Surroundings<AnyValue>): Partial<StepCost> }
)

/** That what holds (s, z) of each image holds two real numbers. */
function perImage(step: Step, value: AnyValue | undefined): void {
  const isPair = value === undefined || (!isCodes(value) && sameShape(value.shape, [2]))
  wanted(isPair, step, 'two real numbers as the quantiser of an image')
}

/** How the steps of each operator are checked. */
const relations: { readonly [O in Step['op']]: Relation<Extract<Step, { readonly op: O }>> } = {
  conv: {
    inputs: [1, 1],
    relate(step, surroundings) {
      const cost = products(step, step, step.weight, surroundings)
      layer(step, surroundings)
      return cost
    },
  },
  gemm: {
    inputs: [1, 1],
    relate(step, surroundings) {
      const cost = products(step, null, step.weight, surroundings)
      layer(step, surroundings)
      return cost
    },
  },
  add: {
    inputs: [2, 2],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      limited(step, surroundings)
      fits(addBound(step.arithmetic, surroundings.inputs[0], surroundings.inputs[1]), step)
      return {}
    },
  },
  mul: {
    inputs: [2, 2],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      limited(step, surroundings)
      const { arithmetic } = step
      if (arithmetic.kind !== 'requantise') return {}
      entries(step, arithmetic.requantiser, 1)
      const [a, b] = surroundings.inputs.map(largestOffset)
      checkBounds(step.name, [a * b], arithmetic.requantiser)
      return { scratch: 4 * sizeOf(surroundings.output.shape) }
    },
  },
  table: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      const { qmin, qmax } = surroundings.output
      const codes: readonly number[] = Array.from(tableCodes(step, surroundings.constants))
      wanted(
        codes.every((q) => q >= qmin && q <= qmax),
        step,
        `codes of ${qmin} ... ${qmax} in its table`,
      )
      return {}
    },
  },
  softmax: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      const { axis, arithmetic } = step
      const { shape } = surroundings.output
      wanted(axis < shape.length, step, 'an axis of its input')
      if (arithmetic.kind === 'fixed-point') {
        wanted(shape[axis] < 4096, step, 'rows of fewer than 4096')
        fits(Math.min(255, -arithmetic.differenceMin) * 2 ** arithmetic.leftShift, step)
      } else wanted(arithmetic.exponentials[0] > 0, step, 'a positive exponential of 0')
      return { work: 16 * sizeOf(shape) }
    },
  },
  requantise: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      if (step.arithmetic.kind !== 'requantise') return {}
      entries(step, step.arithmetic.requantiser, 1)
      // The table is made for all 256 codes that may be kept, whatever the input's range.
      checkBounds(step.name, [383], step.arithmetic.requantiser)
      return {}
    },
  },
  averagePool: {
    inputs: [1, 1],
    relate(step, surroundings) {
      const cost = pool(step, surroundings)
      limited(step, surroundings)
      const { arithmetic, kernel } = step
      fits(255 * kernel[0] * kernel[1], step)
      if (arithmetic.kind === 'f32-zero-inside') {
        const { counts, scales, offsets } = arithmetic
        const isComplete = scales.length === counts.length && offsets.length === counts.length
        wanted(isComplete, step, 'a scale and an offset for every count')
      } else if ('requantiser' in arithmetic) {
        const { counts, requantiser } = arithmetic
        entries(step, requantiser, counts.length)
        const { qmin, qmax } = surroundings.inputs[0]
        const raw = Math.max(Math.abs(qmin), Math.abs(qmax))
        const reach = arithmetic.kind === 'requantise' ? largestOffset(surroundings.inputs[0]) : raw
        checkBounds(
          step.name,
          counts.map((n) => n * reach),
          requantiser,
        )
      }
      return cost
    },
  },
  maxPool: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameQuantisers(step, surroundings)
      return { work: pool(step, surroundings).work }
    },
  },
  concat: {
    inputs: [1, MANY],
    relate(step, surroundings) {
      sameQuantisers(step, surroundings)
      const { axis } = step
      const { shape } = surroundings.output
      wanted(axis < shape.length, step, 'an axis of its output')
      let sum = 0
      for (const input of surroundings.inputs) {
        const joined = shape.map((extent, i) => (i === axis ? input.shape[axis] : extent))
        wanted(sameShape(input.shape, joined), step, `inputs of ${formatShape(shape)} but for axis ${axis}`)
        sum += input.shape[axis]
      }
      wanted(sum === shape[axis], step, 'inputs that fill the output')
      return {}
    },
  },
  clamp: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameShapes(step, surroundings)
      sameQuantisers(step, surroundings)
      limited(step, surroundings)
      return {}
    },
  },
  transpose: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameQuantisers(step, surroundings)
      const { perm } = step
      const { shape } = surroundings.inputs[0]
      wanted(perm.length === shape.length && new Set(perm).size === perm.length, step, 'each dimension once')
      const permuted = perm.map((axis) => shape[axis])
      wanted(sameShape(surroundings.output.shape, permuted), step, `an output of ${formatShape(permuted)}`)
      return {}
    },
  },
  reshape: {
    inputs: [1, 1],
    relate(step, surroundings) {
      sameQuantisers(step, surroundings)
      const [before, after] = [surroundings.inputs[0], surroundings.output].map(({ shape }) => sizeOf(shape))
      wanted(before === after, step, 'as many elements out as in')
      return {}
    },
  },
  quantise: {
    inputs: [1, 2],
    relateAny(step, { inputs, output }) {
      wanted(!isCodes(inputs[0]) && isCodes(output), step, 'real numbers in and codes out')
      wanted(sameShape(inputs[0].shape, output.shape), step, 'an output of the shape of its input')
      perImage(step, inputs[1])
      return {}
    },
  },
  dequantise: {
    inputs: [1, 1],
    relateAny(step, surroundings) {
      const { inputs, output } = surroundings
      wanted(isCodes(inputs[0]) && !isCodes(output), step, 'codes in and real numbers out')
      sameShapes(step, surroundings)
      return {}
    },
  },
  dynamicQuantiser: {
    inputs: [1, 1],
    relateAny(step, { inputs, output }) {
      wanted(!isCodes(inputs[0]) && step.qmin < step.qmax, step, 'real numbers in, and qmin < qmax')
      perImage(step, output)
      return { work: sizeOf(inputs[0].shape) }
    },
  },
  realLayer: {
    inputs: [1, 2],
    relateAny(step, { inputs: [input, dynamic], output, constants, limits }) {
      wanted(isCodes(input) && !isCodes(output), step, 'codes in and real numbers out')
      perImage(step, dynamic)
      const { window, weight, low, high } = step
      wanted(low === null || high === null || low <= high, step, 'low <= high')
      const [channels] = weight.shape
      if (step.bias !== null) {
        const bias = constants.get(step.bias)
        const isBias = bias instanceof Float32Array && bias.length === channels && bias.every(Number.isFinite)
        wanted(isBias, step, `a bias of ${channels} finite numbers`)
      }
      const cost = products(step, window, weight, { inputs: [input], output, constants, limits })
      weights(step, weight, constants)
      checkExact(step.name, accumulatorBounds({ weight, bias: null }, input, constants))
      return cost
    },
  },
  float: {
    inputs: [1, MANY],
    // What shapes an operator takes is for the operator to say, when the session asks it.
    relateAny(step, { inputs, constants }) {
      let reads = 0
      for (const operand of step.operands) {
        if (operand.kind === 'input') reads++
        if (operand.kind === 'weight') weights(step, operand.weight, constants)
        if (operand.kind !== 'constant') continue
        const data = constants.get(operand.constant)
        const isThere = data instanceof Float32Array && data.length === sizeOf(operand.shape)
        wanted(isThere, step, `a Float32Array of ${formatShape(operand.shape)} as '${operand.constant.slice(0, 60)}'`)
      }
      wanted(reads === inputs.length, step, 'an operand for each input')
      return {}
    },
  },
}

/** Throws `FormatError` or `NumericError` for a step whose fields are right but do not fit together; returns what it costs. */
export function checkRelations(step: Step, surroundings: Surroundings<AnyValue>): StepCost {
  const relation = relations[step.op] as Relation<Step>
  const { inputs, output } = surroundings
  const [least, most] = relation.inputs
  wanted(inputs.length >= least && inputs.length <= most, step, `${least} inputs`)
  const free = { work: sizeOf(output.shape), scratch: 0 }
  if ('relateAny' in relation) return { ...free, ...relation.relateAny(step, surroundings) }
  wanted(inputs.every(isCodes) && isCodes(output), step, 'inputs and output that are codes')
  return { ...free, ...relation.relate(step, surroundings as Surroundings) }
}
