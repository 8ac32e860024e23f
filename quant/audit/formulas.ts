import { type CodeTarget, channelsOf, type Requantiser } from '../integer/requantise/requantiser.ts'

/** A formula and the channels it holds for: '' for all, '[2]' for one. */
export interface ChannelFormula {
  readonly channels: string
  readonly formula: string
}

/** What the symbols mean; only those that occur are printed. */
const legend = {
  S: 'S(x, m, e) = (x * m + 2^(30 - e)) >> (31 - e): one rounding, ties towards plus infinity (the real factor is m * 2^(e - 31))',
  D: 'D(x, m, e) = RDPOT(SRDHM(x * 2^max(e, 0), m), max(-e, 0)): two roundings; SRDHM(a, b) = floor((a * b + 2^30) / 2^31), RDPOT(x, k) = x / 2^k, ties away from zero',
  N: 'N(x, m, e) = RHU(SRDHM(x * 2^max(e, 0), m) / 2^max(-e, 0)): two roundings; SRDHM(a, b) = floor((a * b + 2^30) / 2^31)',
  RHU: 'RHU(v) = floor(v + 1/2): nearest, ties towards plus infinity',
  RHA: 'RHA(v): nearest, ties away from zero; its argument is computed in f64',
  RNE: 'RNE(v): nearest, ties to even; without f32 its argument is computed in f64',
  f32: 'f32(v): rounded to single precision, ties to even',
  fma: 'fma(a, b, c) = a * b + c with one rounding, to f32',
  sat16: 'sat16(v): limited to -32768 ... 32767',
  bf16: 'bf16(v): rounded to bfloat16 (8 bits), ties to even',
  f16: 'f16(v): rounded to binary16 (11 bits), ties to even',
  clamp: 'clamp(v, low, high) = min(max(v, low), high)',
} as const

/** What entry `i` of a requantiser makes of a sum: zero point and clamp included. */
export function formulaOf(r: Requantiser, i: number, sum: string, { zeroPoint, low, high }: CodeTarget): string {
  if (r.kind === 'f64-half-even-zero-inside') {
    return clampFormula(`RNE(${plus(`${sum} * ${r.scale[i]}`, zeroPoint)})`, 0, low, high)
  }
  return clampFormula(roundedFormula(r, i, sum), zeroPoint, low, high)
}

/** The rounded sum before the zero point is added. */
function roundedFormula(
  r: Exclude<Requantiser, { readonly kind: 'f64-half-even-zero-inside' }>,
  i: number,
  sum: string,
): string {
  switch (r.kind) {
    case 'q31-single':
      return `S(${sum}, ${r.multiplier[i]}, ${r.shift[i]})`
    case 'q31-double':
      return `D(${sum}, ${r.multiplier[i]}, ${r.shift[i]})`
    case 'q31-vector':
      return `N(${sum}, ${r.multiplier[i]}, ${r.shift[i]})`
    case 'rndnu':
      return `RHU(${sum} * ${r.multiplier[i]} / 2^${r.shift[i]})`
    case 'shift-half-up':
      return `RHU(${sum} / 2^${r.shift[i]})`
    case 'f64-half-away':
      return `RHA(${sum} * ${r.scale[i]})`
    case 'f32-half-even': {
      const scaled = `f32(f32(${sum}) * ${r.scale[r.scale.length === 1 ? 0 : i]})`
      return r.offset === undefined ? `RNE(${scaled})` : `RNE(f32(${plus(scaled, r.offset[i])}))`
    }
  }
}

/**
 * The codes that a requantiser makes of `acc`, for each channel that has constants of its own. Example: kind
 * 'shift-half-up', shift [9], zero point 4: [{ channels: '', formula: 'clamp(RHU(acc / 2^9) + 4, 0, 127)' }].
 */
export function requantiserFormula(r: Requantiser, channels: number, target: CodeTarget): ChannelFormula[] {
  if (channelsOf(r) === 1) return [{ channels: '', formula: formulaOf(r, 0, 'acc', target) }]
  return Array.from({ length: channels }, (_, c) => ({
    channels: `[${c}]`,
    formula: formulaOf(r, c, `acc[${c}]`, target),
  }))
}

/** A code minus its zero point. Example: ('x', 3) -> '(x - 3)', ('x', -128) -> '(x + 128)', ('x', 0) -> 'x'. */
export function centred(x: string, zeroPoint: number): string {
  if (zeroPoint === 0) return x
  return zeroPoint > 0 ? `(${x} - ${zeroPoint})` : `(${x} + ${-zeroPoint})`
}

/** Adds the zero point and the clamp. Example: ('RHU(acc / 2^9)', 4, 0, 127) -> 'clamp(RHU(acc / 2^9) + 4, 0, 127)'. */
export function clampFormula(formula: string, zeroPoint: number, low: number, high: number): string {
  return `clamp(${plus(formula, zeroPoint)}, ${low}, ${high})`
}

/** A formula plus a zero point. */
export function plus(formula: string, zeroPoint: number): string {
  if (zeroPoint === 0) return formula
  return zeroPoint > 0 ? `${formula} + ${zeroPoint}` : `${formula} - ${-zeroPoint}`
}

/** The meaning of the symbols that occur in formulas. Example: ['y = clamp(RHU(acc / 2^9), 0, 127)'] needs RHU and clamp. */
export function legendOf(formulas: readonly string[]): string[] {
  const occurs = (symbol: string): boolean => {
    const call = new RegExp(`(^|[^A-Za-z0-9])${symbol}\\(`)
    return formulas.some((formula) => call.test(formula))
  }
  const used = new Set(Object.keys(legend).filter(occurs))
  if (used.has('N')) used.add('RHU')
  return [
    ...Object.entries(legend).flatMap(([symbol, line]) => (used.has(symbol) ? [line] : [])),
    'half-even, half-away, half-up, floor: nearest integer with ties to even, away from zero, towards plus infinity; the integer below',
  ]
}
