/** Codes in another order or with other zero points, and operations that are left out. */

import { sizeOf } from '../../../engine/base/shape.ts'
import type { ProgramValue } from '../../../quant/integer/program.ts'
import { windowCounts } from '../../../quant/integer/windowCounts.ts'
import { fromChannelsLast, toChannelsLast } from '../channelsLast.ts'
import { compute, type OperationCall } from '../operation.ts'
import { type Hypothesis, unlessImpossible } from './hypothesis.ts'

type Reorder = (codes: Int32Array, dims: readonly number[]) => Int32Array

/** Inputs that are pictures, in another order; null where there are none. */
function reordered(call: OperationCall, reorder: Reorder): Int32Array | null {
  const isPicture = call.inputs.map(({ shape }) => shape.length === 3 && sizeOf(shape) > Math.max(...shape))
  if (!isPicture.includes(true)) return null
  const codes = call.codes.map((x, i) => (isPicture[i] ? reorder(x, [call.batch, ...call.inputs[i].shape]) : x))
  return unlessImpossible(() => compute({ ...call, codes }))
}

const withoutZero = (value: ProgramValue): ProgramValue => ({ ...value, zeroPoint: 0 })

/** The codes of a maximum in which padding takes part as `padding`. */
function paddedMaximum(call: OperationCall, padding: number): Int32Array | null {
  const { operation: step, inputs, output } = call
  if (step.op !== 'maxPool' || step.pads.every((pad) => pad === 0)) return null
  const [, h, w] = inputs[0].shape
  const [, outH, outW] = output.shape
  const { inside } = windowCounts({ h, w, outH, outW }, step)
  const taps = step.kernel[0] * step.kernel[1]
  return compute(call).map((q, i) => (inside[i % inside.length] < taps ? Math.max(q, padding) : q))
}

/** What operations of any kind are asked about. */
export const layoutHypotheses: readonly Hypothesis[] = [
  {
    name: 'input in NHWC order',
    sentence: 'The input lies in memory channels last and is read as if channels came first.',
    changes: 1,
    run: (call) => reordered(call, toChannelsLast),
  },
  {
    name: 'input read as NHWC',
    sentence: 'The input lies in memory channels first and is read as if channels came last.',
    changes: 1,
    run: (call) => reordered(call, fromChannelsLast),
  },
  {
    name: 'operator left out',
    sentence: 'The codes of the first input are handed on as they are.',
    changes: 1,
    run: ({ operation, codes, inputs, output }) =>
      operation.op !== 'reshape' && inputs.length > 0 && sizeOf(inputs[0].shape) === sizeOf(output.shape)
        ? codes[0].slice()
        : null,
  },
  {
    name: 'inputs exchanged',
    sentence: 'The second input is taken for the first.',
    changes: 1,
    run: (call) => {
      if (call.inputs.length !== 2) return null
      const codes = [call.codes[1], call.codes[0]]
      return unlessImpossible(() =>
        call.operation.op === 'concat'
          ? compute({ ...call, codes, inputs: [call.inputs[1], call.inputs[0]] })
          : codes[0].length === codes[1].length
            ? compute({ ...call, codes })
            : null,
      )
    },
  },
  {
    name: 'zero point of the input taken as 0',
    sentence: 'Codes of the input are used as they are, their zero point is not subtracted.',
    changes: 1,
    run: (call) =>
      /^(conv|gemm|add|mul|requantise|averagePool)$/.test(call.operation.op)
        ? unlessImpossible(() => compute({ ...call, inputs: call.inputs.map(withoutZero) }))
        : null,
  },
  {
    name: 'zero point of the output left out',
    sentence: 'The zero point of the output is not added.',
    changes: 1,
    run: (call) =>
      call.operation.op === 'quantiseInput' || 'low' in call.operation
        ? unlessImpossible(() => compute({ ...call, output: withoutZero(call.output) }))
        : null,
  },
  {
    name: 'padding takes part in the maximum with code 0',
    sentence: 'Windows at the border see code 0 outside the image.',
    changes: 1,
    run: (call) => paddedMaximum(call, 0),
  },
  {
    name: 'padding takes part in the maximum with the zero point',
    sentence: 'Windows at the border see the real number 0 outside the image.',
    changes: 1,
    run: (call) => paddedMaximum(call, call.output.zeroPoint),
  },
]
