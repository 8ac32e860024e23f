/** Operations as another back end computes them from the same codes and scales. */

import { quantise } from '../../../quant/affine/quantise.ts'
import { backends } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { addArithmetic } from '../../../quant/integer/lower/add.ts'
import { averageArithmetic, sharesAverageQuantiser } from '../../../quant/integer/lower/average.ts'
import { mulArithmetic } from '../../../quant/integer/lower/mul.ts'
import { layerRequantiser } from '../../../quant/integer/lower/multiplier.ts'
import { rescaleArithmetic } from '../../../quant/integer/lower/rescale.ts'
import { softmaxArithmetic } from '../../../quant/integer/lower/softmax.ts'
import { tableOf } from '../../../quant/integer/lower/table.ts'
import type { AveragePoolStep } from '../../../quant/integer/program.ts'
import { quantiserOf } from '../../../quant/integer/session.ts'
import { windowCounts } from '../../../quant/integer/windowCounts.ts'
import { compute, type OperationCall } from '../operation.ts'
import { type Hypothesis, unlessImpossible } from './hypothesis.ts'

/** The same call with a back end's arithmetic; null where the back end has none for it. */
function asComputedBy(call: OperationCall, backend: Backend): OperationCall | null {
  const { operation: step, inputs, output } = call
  switch (step.op) {
    case 'quantiseInput':
      return { ...call, operation: { ...step, rounding: backend.rounding.input } }
    case 'conv':
    case 'gemm': {
      const isDepthwise = step.op === 'conv' && step.groups > 1 && step.groups === inputs[0].shape[0]
      const rule = backend.layers[step.op === 'gemm' ? 'gemm' : isDepthwise ? 'depthwise' : 'conv']
      const requantiser = layerRequantiser(rule, inputs[0].scale, step.weight.scale, output.scale)
      return { ...call, operation: { ...step, requantiser } }
    }
    case 'add':
      return { ...call, operation: { ...step, arithmetic: addArithmetic(backend.add, inputs[0], inputs[1], output) } }
    case 'mul': {
      if (backend.mul === undefined) return null
      return { ...call, operation: { ...step, arithmetic: mulArithmetic(backend.mul, inputs[0], inputs[1], output) } }
    }
    case 'averagePool':
      return asAveragedBy(call as OperationCall<AveragePoolStep>, backend)
    case 'softmax': {
      if (backend.softmax === undefined) return null
      const arithmetic = softmaxArithmetic(backend.softmax, inputs[0].scale, output.scale, output.shape[step.axis])
      return { ...call, operation: { ...step, arithmetic } }
    }
    case 'table': {
      const rule = backend.tables?.[step.function]
      if (rule === undefined) return null
      const codes = tableOf(step.function, step.attributes, rule, inputs[0], output)
      const table = output.qmin < 0 ? Int8Array.from(codes) : Uint8Array.from(codes)
      return { ...call, constants: new Map([...call.constants, [step.constant, table]]) }
    }
    case 'requantise':
      if (backend.rescale === undefined) return null
      return { ...call, operation: { ...step, arithmetic: rescaleArithmetic(backend.rescale, inputs[0], output) } }
    default:
      return null
  }
}

/** Windows over the whole plane are global pools; others follow the rule of average pools. */
function asAveragedBy(call: OperationCall<AveragePoolStep>, backend: Backend): OperationCall | null {
  const { operation: step, inputs, output } = call
  const [, h, w] = inputs[0].shape
  const [, outH, outW] = output.shape
  const rule =
    outH * outW === 1 && step.kernel[0] === h && step.kernel[1] === w ? backend.globalAveragePool : backend.averagePool
  const isShared = inputs[0].scale === output.scale && inputs[0].zeroPoint === output.zeroPoint
  if (sharesAverageQuantiser(rule) && !isShared) return null
  const { inside, padded } = windowCounts({ h, w, outH, outW }, step)
  const counts = [...new Set(step.countPadding ? padded : inside)].sort((a, b) => a - b)
  return { ...call, operation: { ...step, arithmetic: averageArithmetic(rule, inputs[0], output, counts) } }
}

/** One hypothesis for each back end. */
export const backendHypotheses: readonly Hypothesis[] = Array.from(backends.values(), (backend) => ({
  name: `as ${backend.name}`,
  sentence: `The operator follows ${backend.name}: ${backend.title}.`,
  changes: 1,
  run: (call) =>
    unlessImpossible(() => {
      const other = asComputedBy(call, backend)
      return other === null ? null : compute(other)
    }),
}))

/** The input's quantisation. */
export const inputHypotheses: readonly Hypothesis[] = (
  [
    ['division', 'half-even', 'ties to even'],
    ['division', 'half-away', 'ties away from zero'],
    ['division', 'half-up', 'ties towards plus infinity'],
    ['division', 'floor', 'rounded down'],
    ['reciprocal', 'half-even', 'x * f32(1 / s), ties to even'],
    ['reciprocal', 'half-away', 'x * f32(1 / s), ties away from zero'],
  ] as const
).map(([kind, rounding, text]) => ({
  name: `input quantised with ${text}`,
  sentence: `Real inputs become codes with ${text}.`,
  changes: 1,
  run: ({ operation, output, images }) => {
    if (operation.op !== 'quantiseInput') return null
    const division = kind === 'reciprocal' ? { division: kind } : {}
    return quantise(images, [images.length], quantiserOf(output), { rounding, ...division })
  },
}))
