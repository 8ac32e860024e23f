/** What the command writes beside its result: progress on stderr, tables as text. */

export { percent, points } from '../report/format.ts'

/** Reports progress: one line that rewrites itself on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #quiet: boolean
  #shown = ''
  #lastDraw = 0

  constructor(quiet: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#quiet = quiet
    this.#stream = stream
  }

  /** Something passing: shown on a terminal at most ten times a second, nowhere else. */
  update(text: string): void {
    if (this.#quiet || !this.#stream.isTTY) return
    const now = performance.now()
    if (now - this.#lastDraw < 100) return
    this.#lastDraw = now
    const line = text.slice(0, (this.#stream.columns || 80) - 1)
    this.#stream.write(`\r${line.padEnd(this.#shown.length)}`)
    this.#shown = line
  }

  /** Something to keep: a line of its own. */
  line(text: string): void {
    if (this.#quiet) return
    if (this.#shown !== '') this.#stream.write(`\r${' '.repeat(this.#shown.length)}\r`)
    this.#shown = ''
    this.#stream.write(`${text}\n`)
  }
}

/** A text table: columns of numbers right-aligned, others left-aligned; a rule below the header and above the foot. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], footRows = 0): string {
  const columns = header.map((_, i) => rows.map((row) => row[i] ?? '').filter((cell) => cell !== ''))
  const widths = header.map((title, i) => Math.max(title.length, ...columns[i].map((cell) => cell.length)))
  const numeric = columns.map((cells) => cells.every((cell) => /^[-+]?\d/.test(cell)))
  const format = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const body = rows.map(format)
  if (footRows > 0) body.splice(body.length - footRows, 0, rule)
  return [format(header), rule, ...body].join('\n')
}

/** Seconds as '4.2 s' or '3 min 05 s'. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}
