import { NumericError } from '../../engine/base/errors.ts'

/** A straight mapping of values to coordinates, with round numbers to label it. */
export interface Scale {
  /** The coordinates of its ends. */
  readonly from: number
  readonly to: number
  /** The coordinate of a value. */
  readonly map: (value: number) => number
  /** Round values within the range, ascending. */
  readonly ticks: readonly number[]
  /** A tick with as many decimals as the step between ticks needs. */
  readonly label: (tick: number) => string
}

/**
 * Maps [low, high], widened to whole steps, onto [from, to]. The step is 1, 2 or 5 times a power of ten, the
 * smallest of which `steps` span the range. Equal ends are given room. Coordinates are rounded to hundredths.
 * Example: (3, 97, 0, 100, 5) has ticks 0, 20, 40, 60, 80, 100.
 */
export function linearScale(low: number, high: number, from: number, to: number, steps = 5): Scale {
  const room = low === high ? Math.max(Math.abs(low) * 0.1, 0.01) : 0
  const { step, decimals } = roundStep((high - low + 2 * room) / steps)
  const first = Math.floor((low - room) / step + 1e-9)
  const last = Math.ceil((high + room) / step - 1e-9)
  return makeScale(first * step, last * step, from, to, { first, last, step, decimals })
}

/** The same without widening: the ends of the range are those of the axis, ticks stand where round numbers fall. */
export function exactScale(low: number, high: number, from: number, to: number, steps = 5): Scale {
  if (low === high) return linearScale(low, high, from, to, steps)
  const { step, decimals } = roundStep((high - low) / steps)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return makeScale(low, high, from, to, { first, last, step, decimals })
}

function makeScale(
  start: number,
  end: number,
  from: number,
  to: number,
  { first, last, step, decimals }: { first: number; last: number; step: number; decimals: number },
): Scale {
  return {
    from,
    to,
    map: (value) => Math.round((from + ((value - start) / (end - start)) * (to - from)) * 100) / 100,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(decimals))),
    label: (tick) => tick.toFixed(decimals),
  }
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `wanted`, and the decimals it takes to write. */
function roundStep(wanted: number): { step: number; decimals: number } {
  for (let exponent = -12; exponent < 30; exponent++) {
    for (const factor of [1, 2, 5]) {
      const step = Number(`${factor}e${exponent}`)
      if (wanted <= step * (1 + 1e-9)) return { step, decimals: Math.max(0, -exponent) }
    }
  }
  throw new NumericError(`chart: the values span ${wanted} a step; wanted less than 1e29`)
}

/** The lowest and highest of the finite values; null where there is none. */
export function extent(values: readonly number[]): { low: number; high: number } | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low <= high ? { low, high } : null
}
