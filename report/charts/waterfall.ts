import { html, type Markup } from '../html.ts'
import { extent, linearScale } from './scale.ts'
import { axisX, shortened, svg, textWidth, WIDTH } from './svg.ts'

/** A change on the way from one value to another. */
export interface WaterfallStep {
  readonly label: string
  readonly change: number
}

const ROW = 24
const THICKNESS = 13
const VALUES = 56
const LABELS = 120

/**
 * From one value to another: a line for the start and the end, a bar for each change between, from where the one before
 * ended; `start` and `end` name the two. `format` writes values, `formatChange` changes.
 */
export function waterfall(chart: {
  readonly label: string
  readonly axis: string
  readonly from: number
  readonly start: string
  readonly end: string
  readonly steps: readonly WaterfallStep[]
  readonly format: (value: number) => string
  readonly formatChange: (change: number) => string
}): Markup {
  const { from, steps, start, end } = chart
  const levels = [from]
  for (const { change } of steps) levels.push(levels[levels.length - 1] + change)
  const range = extent(levels) ?? { low: 0, high: 1 }
  const names = [start, ...steps.map(({ label }) => label), end]
  const left = Math.min(LABELS, Math.max(...names.map(textWidth))) + 8
  const scale = linearScale(range.low, range.high, left + 6, WIDTH - VALUES)
  const bottom = ROW * names.length + 4
  const rows = names.map((name, i) => {
    const y = 4 + ROW * i + ROW / 2
    const change = i > 0 && i <= steps.length ? steps[i - 1].change : null
    const value = levels[Math.min(i, steps.length)]
    const x = scale.map(value)
    const before = scale.map(levels[Math.max(0, Math.min(i - 1, steps.length))])
    // Where nothing changes there is no bar, and the line goes through.
    const connector =
      i === 0 ? null : html`<path class="connector" d="M${before} ${y - ROW + 7}V${change === 0 ? y + 7 : y - 7}"/>`
    const body =
      change === null
        ? html`<path class="total" d="M${x} ${y - 8}V${y + 8}"/>`
        : html`<path class="${change < 0 ? 'loss' : 'gain'}" d="M${before} ${y - THICKNESS / 2}H${x}v${THICKNESS}H${before}z"/>`
    const text = change === null ? chart.format(value) : chart.formatChange(change)
    return html`<text class="label" x="${left - 2}" y="${y + 4}" text-anchor="end">${shortened(name, LABELS)}<title>${name}</title></text>${connector}${body}<text class="value" x="${WIDTH - 2}" y="${y + 4}" text-anchor="end">${text}</text>`
  })
  return svg(bottom + 34, chart.label, [axisX(scale, 4, bottom, chart.axis), ...rows])
}
