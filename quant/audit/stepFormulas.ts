import type { RescaleArithmetic } from '../integer/arithmetic.ts'
import type {
  AddStep,
  AveragePoolStep,
  MulStep,
  ProgramValue,
  RequantiseStep,
  SoftmaxStep,
  TableStep,
} from '../integer/program.ts'
import { centred, clampFormula, formulaOf, plus } from './formulas.ts'

/** The formula of an addition. Example, kind 'f64': 'y = clamp(RHA((a - 3) * 0.5 + b * 0.25) + 1, 0, 255)'. */
export function addFormula(step: AddStep, a: ProgramValue, b: ProgramValue, out: ProgramValue): string {
  const left = centred('a', a.zeroPoint)
  const right = centred('b', b.zeroPoint)
  const { arithmetic } = step
  const formula = (): string => {
    switch (arithmetic.kind) {
      case 'q31':
      case 'q31-single': {
        const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = arithmetic
        const symbol = arithmetic.kind === 'q31' ? 'D' : 'S'
        const term = (x: string, i: number): string =>
          `${symbol}(${x} * 2^${leftShift}, ${multipliers[i]}, ${shifts[i]})`
        return `${symbol}(${term(left, 0)} + ${term(right, 1)}, ${outputMultiplier}, ${outputShift})`
      }
      case 'multiply-shift': {
        const { multipliers, shift } = arithmetic
        return `RHU((${left} * ${multipliers[0]} + ${right} * ${multipliers[1]}) / 2^${shift})`
      }
      case 'fma': {
        const { ratios, fixed } = arithmetic
        return `RNE(fma(a, ${ratios[0]}, fma(b, ${ratios[1]}, ${fixed})))`
      }
      case 'shift': {
        const { leftShifts, rightShift } = arithmetic
        return `RHU((${left} * 2^${leftShifts[0]} + ${right} * 2^${leftShifts[1]}) / 2^${rightShift})`
      }
      case 'f64':
        return `RHA(${left} * ${arithmetic.ratios[0]} + ${right} * ${arithmetic.ratios[1]})`
      case 'qdq':
      case 'qdq-zero-inside': {
        const { scales, outputScale } = arithmetic
        const quotient = `f32(f32(f32(${left} * ${scales[0]}) + f32(${right} * ${scales[1]})) / ${outputScale})`
        return arithmetic.kind === 'qdq' ? `RNE(${quotient})` : `RNE(f32(${plus(quotient, out.zeroPoint)}))`
      }
    }
  }
  const isInside = arithmetic.kind === 'fma' || arithmetic.kind === 'qdq-zero-inside'
  const after = isInside ? 0 : out.zeroPoint
  return `y = ${clampFormula(formula(), after, step.low, step.high)}`
}

/** The formulas of a mean, one for each window size. Example: 'y = clamp(RHA((sum of x) / 4), -128, 127)'. */
export function averageFormula(step: AveragePoolStep, input: ProgramValue, out: ProgramValue): string[] {
  const { arithmetic, low, high, countPadding } = step
  const n = countPadding ? 'the window size inside the padded image' : 'the number of taps inside the image'
  switch (arithmetic.kind) {
    case 'raw-half-away':
      return [
        `n = ${n}`,
        countPadding
          ? `y = clamp(RHA((sum of x + ${input.zeroPoint} for each padding tap) / n), ${low}, ${high})`
          : `y = clamp(RHA((sum of x) / n), ${low}, ${high})`,
      ]
    case 'requantise':
    case 'requantise-raw': {
      const isRaw = arithmetic.kind === 'requantise-raw'
      const target = { zeroPoint: isRaw ? arithmetic.bias : out.zeroPoint, low, high }
      const lines = arithmetic.counts.map(
        (count, i) => `n = ${count}: y = ${formulaOf(arithmetic.requantiser, i, 'acc', target)}`,
      )
      const code = isRaw ? 'x' : centred('x', input.zeroPoint)
      return [`n = ${n}; acc = sum of ${code} over the taps inside the image`, ...lines]
    }
    case 'f32-zero-inside': {
      const lines = arithmetic.counts.map((count, i) => {
        const inside = `f32(f32(f32(acc) * ${arithmetic.scales[i]}) + ${arithmetic.offsets[i]})`
        return `n = ${count}: y = ${clampFormula(`RNE(${inside})`, 0, low, high)}`
      })
      return [`n = ${n}; acc = sum of x over the taps inside the image`, ...lines]
    }
    case 'qdq':
    case 'qdq-zero-inside': {
      const { scale, outputScale } = arithmetic
      const quotient = `f32(f32(sum / n) / ${outputScale})`
      const isInside = arithmetic.kind === 'qdq-zero-inside'
      const rounded = isInside ? `RNE(f32(${plus(quotient, out.zeroPoint)}))` : `RNE(${quotient})`
      return [
        `n = ${n}; sum = f32 sum of f32(${centred('x', input.zeroPoint)} * ${scale}), row by row`,
        `y = ${clampFormula(rounded, isInside ? 0 : out.zeroPoint, low, high)}`,
      ]
    }
  }
}

/** The formula of a product. Example, 'f32-zero-inside': 'y = clamp(RNE(f32(f32((a - 3) * b * 0.25) + 1)), 0, 255)'. */
export function mulFormula(step: MulStep, a: ProgramValue, b: ProgramValue, out: ProgramValue): string {
  const left = centred('a', a.zeroPoint)
  const right = centred('b', b.zeroPoint)
  const { arithmetic, low, high } = step
  switch (arithmetic.kind) {
    case 'requantise': {
      const target = { zeroPoint: out.zeroPoint, low, high }
      return `y = ${formulaOf(arithmetic.requantiser, 0, `(${left} * ${right})`, target)}`
    }
    case 'f32-zero-inside': {
      const inside = plus(`f32(${left} * ${right} * ${arithmetic.ratio})`, out.zeroPoint)
      return `y = ${clampFormula(`RNE(f32(${inside}))`, 0, low, high)}`
    }
    case 'qdq':
    case 'qdq-zero-inside': {
      const { scales, outputScale } = arithmetic
      const quotient = `f32(f32(f32(${left} * ${scales[0]}) * f32(${right} * ${scales[1]})) / ${outputScale})`
      if (arithmetic.kind === 'qdq') return `y = ${clampFormula(`RNE(${quotient})`, out.zeroPoint, low, high)}`
      return `y = ${clampFormula(`RNE(f32(${plus(quotient, out.zeroPoint)}))`, 0, low, high)}`
    }
  }
}

/** The formula of a change of quantiser. Example, 'multiply-shift': 'y = clamp(RHU(x * 412 / 2^8) + 3, -128, 127)'. */
export function requantiseFormula({ arithmetic }: RequantiseStep, input: ProgramValue, out: ProgramValue): string {
  return `y = ${rescaleFormula(arithmetic, centred('x', input.zeroPoint), out)}`
}

function rescaleFormula(arithmetic: RescaleArithmetic, offset: string, out: ProgramValue): string {
  const { zeroPoint, qmin: low, qmax: high } = out
  switch (arithmetic.kind) {
    case 'requantise':
      return formulaOf(arithmetic.requantiser, 0, offset, { zeroPoint, low, high })
    case 'multiply-shift':
      return clampFormula(`RHU(${offset} * ${arithmetic.multiplier} / 2^${arithmetic.shift})`, zeroPoint, low, high)
    case 'qdq': {
      const { scale, outputScale } = arithmetic
      return clampFormula(`RNE(f32(f32(${offset} * ${scale}) / ${outputScale}))`, zeroPoint, low, high)
    }
  }
}

/** What a table holds. Its codes are the definition: they are printed in full. Example: 'y = table[x + 128] of Sigmoid, made by rule half-away'. */
export function tableFormula(step: TableStep, codes: ArrayLike<number>, input: ProgramValue): string[] {
  const attributes = Object.entries(step.attributes).map(([name, value]) => `${name} ${value}`)
  const what = [step.function, ...attributes].join(', ')
  return [
    `y = table[${centred('x', input.qmin)}]; table of ${what}, made by the rule '${step.rule}'`,
    `table = ${Array.from(codes).join(' ')}`,
  ]
}

/** The formulas of a softmax, for one row. Example: 'y = clamp(RNE(f32(f32(E(d) / sum) / 0.00390625)), 0, 255)'. */
export function softmaxFormula({ axis, arithmetic }: SoftmaxStep, out: ProgramValue): string[] {
  const { zeroPoint, qmin: low, qmax: high } = out
  const d = `d = x - the largest x along axis ${axis + 1}`
  if (arithmetic.kind === 'fixed-point') {
    const { multiplier, leftShift, differenceMin } = arithmetic
    const term = `SRDHM(d * 2^${leftShift}, ${multiplier})`
    return [
      `${d}; E = exp(${term}), Q5.26 to Q0.31, where d >= ${differenceMin}; SRDHM(a, b) = floor((a * b + 2^30) / 2^31)`,
      'sum = sum of RDPOT(E, 12); h = its leading zeros; R = 1 / (1 + f), Q0.31, of f = sum * 2^h - 2^31; RDPOT(x, k) = x / 2^k, ties away from zero',
      `y = ${clampFormula('RDPOT(SRDHM(R, E), 35 - h)', zeroPoint, low, high)}, ${low} where d < ${differenceMin}`,
    ]
  }
  const { output, exponentials } = arithmetic
  const quotient = (): string => {
    switch (output.kind) {
      case 'reciprocal':
        return `RHA(f32(E * f32(1 / f32(sum * ${output.scale}))))`
      case 'quotient':
        return `RNE(f32(f32(E / sum) / ${output.scale}))`
      case 'multiplier':
        return `RNE(f32(f32(E * ${output.multiplier}) / sum))`
    }
  }
  return [
    `${d}; E = table[-d]; sum = f32 sum of E in order`,
    `y = ${clampFormula(quotient(), zeroPoint, low, high)}`,
    `table = ${exponentials.join(' ')}`,
  ]
}
