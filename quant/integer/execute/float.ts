import { UsageError } from '../../../engine/base/errors.ts'
import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { anyWeightCodes, floatConstant } from '../constants.ts'
import { roundFloat } from '../kernels/roundFloat.ts'
import type { DequantiseStep, DynamicQuantiserStep, FloatOperand, FloatStep, QuantiseStep } from '../program.ts'
import type { BufferArray, CodeArray } from '../storage.ts'
import { zeroPointOf } from './imageRange.ts'
import { type AnyPreparation, noScratch, type PreparedStep, prepared, require } from './runner.ts'

/** Codes of real numbers. */
export function prepareQuantise(step: QuantiseStep, { inputs, output }: AnyPreparation): PreparedStep {
  const [input, range] = inputs
  require(input.storage === 'float32' && output.storage !== 'float32', step.name, 'real numbers in and codes out')
  require(sameShape(input.shape, output.shape), step.name, 'an output of the shape of its input')
  require(range === undefined ||
    (range.storage === 'float32' && sizeOf(range.shape) === 2), step.name, 'a scale and a zero point for each image')
  const size = sizeOf(output.shape)
  const { rounding } = step
  return prepared<object, Float32Array, CodeArray>({}, noScratch, (_, { kernels, inputs: [x, ranges], batch, out }) => {
    if (ranges === undefined) {
      kernels.quantiseCodes(x.subarray(0, batch * size), output, rounding, out.subarray(0, batch * size))
      return
    }
    for (let n = 0; n < batch; n++) {
      const value = { ...output, scale: ranges[2 * n], zeroPoint: zeroPointOf(ranges, n, output) }
      const [from, to] = [n * size, (n + 1) * size]
      kernels.quantiseCodes(x.subarray(from, to), value, rounding, out.subarray(from, to))
    }
  })
}

/** Real numbers of codes. */
export function prepareDequantise(step: DequantiseStep, { inputs, output }: AnyPreparation): PreparedStep {
  const [input] = inputs
  require(input.storage !== 'float32' && output.storage === 'float32', step.name, 'codes in and real numbers out')
  require(sameShape(input.shape, output.shape), step.name, 'an output of the shape of its input')
  const size = sizeOf(output.shape)
  const { format } = output
  return prepared<object, CodeArray, Float32Array>({}, noScratch, (_, { kernels, inputs: [x], batch, out }) => {
    const reals = out.subarray(0, batch * size)
    kernels.dequantiseCodes(x.subarray(0, batch * size), input, reals)
    roundFloat(reals, format)
  })
}

/** The quantiser of each image's own range; see `DynamicQuantiserStep`. */
export function prepareDynamicQuantiser(
  { name, qmin, qmax }: DynamicQuantiserStep,
  { inputs, output }: AnyPreparation,
): PreparedStep {
  const [input] = inputs
  require(input.storage === 'float32' && output.storage === 'float32', name, 'real numbers in and out')
  require(sizeOf(output.shape) === 2, name, 'an output of two numbers')
  const size = sizeOf(input.shape)
  return prepared<object, Float32Array>({}, noScratch, (_, { kernels, inputs: [x], batch, out }) => {
    kernels.rangesOf(x, batch, size, out)
    for (let n = 0; n < batch; n++) {
      const [lo, hi] = [out[2 * n], out[2 * n + 1]]
      const scale = lo < hi ? Math.max(Math.fround((hi - lo) / (qmax - qmin)), 2 ** -126) : 1
      const zeroPoint = roundHalfEven(qmin - lo / scale)
      out[2 * n] = scale
      out[2 * n + 1] = Number.isNaN(zeroPoint) ? qmin : Math.min(Math.max(zeroPoint, qmin), qmax)
    }
  })
}

/** What stands for an operand on each call: null for an input. */
function constantOperand(step: FloatStep, operand: FloatOperand, { constants }: AnyPreparation) {
  if (operand.kind === 'constant') {
    const { shape } = operand
    return { shape, data: floatConstant(operand.constant, sizeOf(shape), constants) }
  }
  if (operand.kind !== 'weight') return null
  const { weight, transposed } = operand
  const codes = anyWeightCodes(weight, constants)
  const [channels, ...rest] = weight.shape
  const taps = sizeOf(rest)
  const { scale, zeroPoint = 0 } = weight
  const data = new Float32Array(codes.length)
  for (let c = 0; c < channels; c++) {
    const s = scale[scale.length === 1 ? 0 : c]
    for (let k = 0; k < taps; k++)
      data[transposed ? k * channels + c : c * taps + k] = s * (codes[c * taps + k] - zeroPoint)
  }
  require(!transposed || rest.length === 1, step.name, 'a matrix to transpose')
  return { shape: transposed ? [taps, channels] : weight.shape, data }
}

/** An operator on real numbers. Throws `UsageError` where the session has none to compute with. */
export function prepareFloat(step: FloatStep, preparation: AnyPreparation): PreparedStep {
  const { inputs, output, floatOperators } = preparation
  if (floatOperators === undefined) {
    throw new UsageError(
      `session: step '${step.name}' (${step.operator}) is computed on real numbers; pass the option floatOperators, for example engineFloatOperators of quant-trim/quant`,
    )
  }
  require(output.storage === 'float32' &&
    inputs.every(({ storage }) => storage === 'float32'), step.name, 'real numbers in and out')
  const fixed = step.operands.map((operand) => constantOperand(step, operand, preparation))
  const size = sizeOf(output.shape)
  const { format } = output
  const { operator, attributes } = step
  return prepared<object, BufferArray>({}, noScratch, (_, { inputs: arrays, batch, out }) => {
    let next = 0
    const operands = step.operands.map(({ kind }, i) => {
      if (kind !== 'input') return fixed[i]
      const { shape } = inputs[next]
      const data = (arrays[next++] as Float32Array).subarray(0, batch * sizeOf(shape))
      return { shape: [batch, ...shape], data }
    })
    const { data } = floatOperators(operator, operands, attributes)
    require(data.length === batch * size, step.name, `a result of ${batch * size} numbers`)
    out.set(data)
    roundFloat((out as Float32Array).subarray(0, data.length), format)
  })
}
