/** Additions, products, rescalings and means in real numbers, with every rounding. */

import { sizeOf } from '../../../engine/base/shape.ts'
import type { AddStep, AveragePoolStep, MulStep, RequantiseStep } from '../../../quant/integer/program.ts'
import { windowCounts } from '../../../quant/integer/windowCounts.ts'
import type { OperationCall } from '../operation.ts'
import type { Hypothesis } from './hypothesis.ts'
import { describeTie, describeZero, roundedCode, type Tie, ties, type ZeroPlace, zeroPlaces } from './roundings.ts'

type ElementStep = AddStep | MulStep | RequantiseStep | AveragePoolStep

/** f32 as the ONNX operators compose, one rounding a step, or f64 throughout. */
type Precision = 'f32' | 'f64'

type Round = (x: number) => number

function isElementCall(call: OperationCall): call is OperationCall<ElementStep> {
  return /^(add|mul|requantise|averagePool)$/.test(call.operation.op)
}

/** The sums of the windows of a mean and what each is divided by, the zero point removed, in steps of the input's scale. */
function means(
  { operation: step, inputs, output, codes, batch }: OperationCall<AveragePoolStep>,
  round: Round,
): Float64Array {
  const [{ shape, scale, zeroPoint }] = inputs
  const [, h, w] = shape
  const [, outH, outW] = output.shape
  const { inside, padded } = windowCounts({ h, w, outH, outW }, step)
  const divisors = step.countPadding ? padded : inside
  const { kernel, strides, pads, dilations } = step
  const results = new Float64Array(batch * sizeOf(output.shape))
  for (let i = 0; i < results.length; i++) {
    const pixel = i % (outH * outW)
    const plane = ((i - pixel) / (outH * outW)) * h * w
    const top = Math.floor(pixel / outW) * strides[0] - pads[0]
    const left = (pixel % outW) * strides[1] - pads[1]
    let sum = 0
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const [y, x] = [top + ky * dilations[0], left + kx * dilations[1]]
        if (y < 0 || y >= h || x < 0 || x >= w) continue
        sum = round(sum + round((codes[0][plane + y * w + x] - zeroPoint) * scale))
      }
    }
    results[i] = round(sum / divisors[pixel])
  }
  return results
}

/** The real results in steps of the output's scale. Every operation is rounded by `round`. */
function steps(call: OperationCall<ElementStep>, round: Round): Float64Array {
  const { operation, inputs, output, codes } = call
  const real = (k: number, i: number): number => round((codes[k][i] - inputs[k].zeroPoint) * inputs[k].scale)
  switch (operation.op) {
    case 'add':
      return Float64Array.from(codes[0], (_, i) => round(round(real(0, i) + real(1, i)) / output.scale))
    case 'mul':
      return Float64Array.from(codes[0], (_, i) => round(round(real(0, i) * real(1, i)) / output.scale))
    case 'requantise':
      return Float64Array.from(codes[0], (_, i) => round(real(0, i) / output.scale))
    case 'averagePool':
      return means(call as OperationCall<AveragePoolStep>, round).map((mean) => round(mean / output.scale))
  }
}

/** What the arithmetics that are such compositions are made of. */
const compositions: Readonly<Record<string, readonly [Precision, Tie, ZeroPlace]>> = {
  qdq: ['f32', 'half-even', 'outside'],
  'qdq-zero-inside': ['f32', 'half-even', 'inside'],
  f64: ['f64', 'half-away', 'outside'],
}

function hypothesis(precision: Precision, tie: Tie, place: ZeroPlace, own: string): Hypothesis | null {
  const mine = compositions[own]
  const texts: string[] = []
  if (mine === undefined || mine[1] !== tie) texts.push(describeTie(tie))
  if (mine === undefined ? place === 'inside' : mine[2] !== place) texts.push(describeZero(place))
  if (mine === undefined || mine[0] !== precision) texts.push(`real numbers in ${precision}`)
  if (texts.length === 0) return null
  return {
    name: texts.join(' + '),
    sentence: `The inputs are dequantised, the operator is computed in ${precision}, and the result is quantised with ${describeTie(tie)}, ${describeZero(place)}; the program has '${own}'.`,
    changes: texts.length,
    run: (call) => {
      if (!isElementCall(call) || call.operation.arithmetic.kind !== own) return null
      const { zeroPoint, qmin, qmax } = call.output
      const { low, high } = 'low' in call.operation ? call.operation : { low: qmin, high: qmax }
      const reals = steps(call, precision === 'f32' ? Math.fround : (x) => x)
      const code = (v: number): number => roundedCode(v, zeroPoint, tie, place, precision === 'f32')
      return Int32Array.from(reals, (v) => Math.min(Math.max(code(v), low), high))
    },
  }
}

/** All compositions that differ from an arithmetic of kind `own`. */
export function elementHypotheses(own: string): Hypothesis[] {
  return (['f32', 'f64'] as const).flatMap((precision) =>
    zeroPlaces.flatMap((place) => ties.flatMap((tie) => hypothesis(precision, tie, place, own) ?? [])),
  )
}

/** The kinds of arithmetic that such steps of a program have. */
export function elementKindsOf(steps: readonly { readonly op: string }[]): string[] {
  const found = steps.filter((step): step is ElementStep => /^(add|mul|requantise|averagePool)$/.test(step.op))
  return [...new Set(found.map(({ arithmetic }) => arithmetic.kind))]
}
