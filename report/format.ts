/** Numbers as people read them. */

/** A fraction as per cent: 0.98765 gives '98.77'. */
export function percent(fraction: number): string {
  return (fraction * 100).toFixed(2)
}

/** A signed difference of fractions in points: -0.0123 gives '-1.23', 0 gives '0.00'. */
export function points(difference: number): string {
  return signed(difference * 100, 2)
}

/** A number with its sign: 0.5 gives '+0.50' with two decimals; what rounds to 0 has none. */
export function signed(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  if (Number(text) === 0) return (0).toFixed(decimals)
  return value > 0 ? `+${text}` : text
}

/** Decibels: 12.34 gives '12.3'. Equal values have infinite SQNR, null in JSON: 'equal'. */
export function decibels(value: number | null): string {
  if (value === null || value === Number.POSITIVE_INFINITY) return 'equal'
  return value.toFixed(1)
}

/** Three significant digits without an exponent where that is short: 0.01234 gives '0.0123', 123456 gives '123000'. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return '0'
  const magnitude = Math.abs(value)
  const rounded = Number(value.toPrecision(3))
  return magnitude >= 1e-4 && magnitude < 1e7 ? String(rounded) : rounded.toExponential()
}

/** A count with narrow no-break spaces between thousands: 1234567 gives '1 234 567'. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** Bytes in binary units: 1536 gives '1.5 KiB'. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let amount = value
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024
    unit++
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`
}

/** A list as a sentence has it: ['a', 'b', 'c'] gives 'a, b and c'. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`
}

/** '1 layer', '2 layers'. */
export function plural(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
}
