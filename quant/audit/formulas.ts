import type { AddStep, AveragePoolStep, ProgramValue, Step } from '../integer/program.ts'
import type { Requantiser } from '../integer/requantise/requantiser.ts'

/** A formula and the channels it holds for: '' for all, '[2]' for one. */
export interface ChannelFormula {
  readonly channels: string
  readonly formula: string
}

/** What the symbols mean; only those that occur are printed. */
const legend = {
  S: 'S(x, m, e) = (x * m + 2^(30 - e)) >> (31 - e): one rounding, ties towards plus infinity (the real factor is m * 2^(e - 31))',
  D: 'D(x, m, e) = RDPOT(SRDHM(x * 2^max(e, 0), m), max(-e, 0)): two roundings; SRDHM(a, b) = floor((a * b + 2^30) / 2^31), RDPOT(x, k) = x / 2^k, ties away from zero',
  RHU: 'RHU(v) = floor(v + 1/2): nearest, ties towards plus infinity',
  RHA: 'RHA(v): nearest, ties away from zero; its argument is computed in f64',
  RNE: 'RNE(v): nearest, ties to even',
  f32: 'f32(v): rounded to single precision, ties to even',
  clamp: 'clamp(v, low, high) = min(max(v, low), high)',
} as const

/** The symbol of a requantiser's formula. */
function formulaOf(r: Requantiser, i: number, sum: string): string {
  switch (r.kind) {
    case 'q31-single':
      return `S(${sum}, ${r.multiplier[i]}, ${r.shift[i]})`
    case 'q31-double':
      return `D(${sum}, ${r.multiplier[i]}, ${r.shift[i]})`
    case 'shift-half-up':
      return `RHU(${sum} / 2^${r.shift[i]})`
    case 'f64-half-away':
      return `RHA(${sum} * ${r.scale[i]})`
    case 'f32-half-even':
      return `RNE(f32(f32(${sum}) * ${r.scale[i]}))`
  }
}

/**
 * What a requantiser does to `acc`, for each channel that has constants of its own.
 * Example: kind 'shift-half-up', shift [9]: [{ channels: '', formula: 'RHU(acc / 2^9)' }].
 */
export function requantiserFormula(r: Requantiser, channels: number): ChannelFormula[] {
  const entries = 'scale' in r ? r.scale.length : r.shift.length
  if (entries === 1) return [{ channels: '', formula: formulaOf(r, 0, 'acc') }]
  return Array.from({ length: channels }, (_, c) => ({ channels: `[${c}]`, formula: formulaOf(r, c, `acc[${c}]`) }))
}

/** A code minus its zero point. Example: ('x', 3) -> '(x - 3)', ('x', -128) -> '(x + 128)', ('x', 0) -> 'x'. */
export function centred(x: string, zeroPoint: number): string {
  if (zeroPoint === 0) return x
  return zeroPoint > 0 ? `(${x} - ${zeroPoint})` : `(${x} + ${-zeroPoint})`
}

/** Adds the zero point and the clamp. Example: ('RHU(acc / 2^9)', 4, 0, 127) -> 'clamp(RHU(acc / 2^9) + 4, 0, 127)'. */
export function clampFormula(formula: string, zeroPoint: number, low: number, high: number): string {
  const offset = zeroPoint === 0 ? '' : zeroPoint > 0 ? ` + ${zeroPoint}` : ` - ${-zeroPoint}`
  return `clamp(${formula}${offset}, ${low}, ${high})`
}

/** The formula of an addition. Example, kind 'f64': 'y = clamp(RHA((a - 3) * 0.5 + b * 0.25) + 1, 0, 255)'. */
export function addFormula(step: AddStep, a: ProgramValue, b: ProgramValue, out: ProgramValue): string {
  const left = centred('a', a.zeroPoint)
  const right = centred('b', b.zeroPoint)
  const { arithmetic } = step
  const formula = (): string => {
    switch (arithmetic.kind) {
      case 'q31': {
        const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = arithmetic
        const term = (x: string, i: number): string => `D(${x} * 2^${leftShift}, ${multipliers[i]}, ${shifts[i]})`
        return `D(${term(left, 0)} + ${term(right, 1)}, ${outputMultiplier}, ${outputShift})`
      }
      case 'shift': {
        const { leftShifts, rightShift } = arithmetic
        return `RHU((${left} * 2^${leftShifts[0]} + ${right} * 2^${leftShifts[1]}) / 2^${rightShift})`
      }
      case 'f64':
        return `RHA(${left} * ${arithmetic.ratios[0]} + ${right} * ${arithmetic.ratios[1]})`
      case 'qdq': {
        const { scales, outputScale } = arithmetic
        return `RNE(f32(f32(f32(${left} * ${scales[0]}) + f32(${right} * ${scales[1]})) / ${outputScale}))`
      }
    }
  }
  return `y = ${clampFormula(formula(), out.zeroPoint, step.low, step.high)}`
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
    case 'requantise': {
      const lines = arithmetic.counts.map((count, i) => {
        const formula = clampFormula(formulaOf(arithmetic.requantiser, i, 'acc'), out.zeroPoint, low, high)
        return `n = ${count}: y = ${formula}`
      })
      return [`n = ${n}; acc = sum of ${centred('x', input.zeroPoint)} over the taps inside the image`, ...lines]
    }
    case 'qdq': {
      const { scale, outputScale } = arithmetic
      const formula = clampFormula(`RNE(f32(f32(sum / n) / ${outputScale}))`, out.zeroPoint, low, high)
      return [
        `n = ${n}; sum = f32 sum of f32(${centred('x', input.zeroPoint)} * ${scale}), row by row`,
        `y = ${formula}`,
      ]
    }
  }
}

/** The requantiser kinds that occur, as their symbols. */
function symbolsOf(step: Step): (keyof typeof legend)[] {
  const of = {
    'q31-single': ['S'],
    'q31-double': ['D'],
    'shift-half-up': ['RHU'],
    'f64-half-away': ['RHA'],
    'f32-half-even': ['RNE', 'f32'],
  } as const
  switch (step.op) {
    case 'conv':
    case 'gemm':
      return [...of[step.requantiser.kind]]
    case 'add':
      return [...({ q31: ['D'], shift: ['RHU'], f64: ['RHA'], qdq: ['RNE', 'f32'] } as const)[step.arithmetic.kind]]
    case 'averagePool':
      if (step.arithmetic.kind === 'requantise') return [...of[step.arithmetic.requantiser.kind]]
      return step.arithmetic.kind === 'qdq' ? ['RNE', 'f32'] : ['RHA']
    default:
      return []
  }
}

/** The meaning of the symbols that a program's formulas use. Input and output always need f32 and clamp. */
export function legendOf(steps: readonly Step[]): string[] {
  const used = new Set<string>(['f32', 'clamp', ...steps.flatMap(symbolsOf)])
  return [
    ...Object.entries(legend).flatMap(([symbol, line]) => (used.has(symbol) ? [line] : [])),
    'half-even, half-away, half-up, floor: nearest integer with ties to even, away from zero, towards plus infinity; the integer below',
  ]
}
