import { html, type Markup } from '../html.ts'
import { median } from '../statistics.ts'
import { extent, linearScale } from './scale.ts'
import { axisX, mark, shortened, svg, textWidth, WIDTH } from './svg.ts'

/** One measured value. Values that are not finite are left out of the picture. */
export interface Dot {
  readonly value: number
  /** Index of the series that gives the mark. */
  readonly series: number
  /** Shown when pointed at. */
  readonly title: string
}

/** A row: all of its dots, a bar from the lowest to the highest and a line at the median. */
export interface DotRow {
  readonly label: string
  /** Rows of one group stand under its name. */
  readonly group?: string
  readonly dots: readonly Dot[]
}

const ROW = 23
/** Distances from the middle of the row at which marks may stand, and the width of a mark. */
const LANES = [0, -5.5, 5.5]
const MARK = 8
const LABELS = { least: 40, most: 150 }

/** Every value as a mark along one axis, a row for each thing that was measured. Null where there is nothing finite. */
export function dotPlot(label: string, axis: string, rows: readonly DotRow[]): Markup | null {
  const range = extent(rows.flatMap(({ dots }) => dots.map(({ value }) => value)))
  if (range === null) return null
  const widest = Math.max(...rows.map((row) => textWidth(row.label)))
  const left = Math.min(LABELS.most, Math.max(LABELS.least, widest)) + 10
  const scale = linearScale(range.low, range.high, left + 6, WIDTH - 16)
  const drawn: Markup[] = []
  let y = 4
  let group: string | undefined
  for (const row of rows) {
    if (row.group !== undefined && row.group !== group) {
      drawn.push(html`<text class="group" x="2" y="${y + 14}">${shortened(row.group, WIDTH)}</text>`)
      y += ROW
    }
    group = row.group
    drawn.push(drawRow(row, left, y + ROW / 2, scale.map))
    y += ROW
  }
  return svg(y + 34, label, [axisX(scale, 2, y + 2, axis), ...drawn])
}

function drawRow({ label, dots }: DotRow, left: number, y: number, map: (value: number) => number): Markup {
  const finite = dots.filter(({ value }) => Number.isFinite(value))
  const name = html`<text class="label" x="${left - 4}" y="${y + 4}" text-anchor="end">${shortened(label, LABELS.most)}<title>${label}</title></text>`
  const range = extent(finite.map(({ value }) => value))
  if (range === null) return name
  const [low, high, middle] = [range.low, range.high, median(finite.map(({ value }) => value))].map(map)
  return html`${name}<path class="range" d="M${low} ${y}H${high}"/><path class="median" d="M${middle} ${y - 7}V${y + 7}"/>${drawMarks(finite, y, map)}`
}

/** The marks from left to right; where one would hide another it moves to the row's upper or lower edge. */
function drawMarks(dots: readonly Dot[], y: number, map: (value: number) => number): Markup[] {
  const ends = LANES.map(() => Number.NEGATIVE_INFINITY)
  return [...dots]
    .sort((a, b) => a.value - b.value)
    .map(({ value, series, title }) => {
      const x = map(value)
      const free = ends.findIndex((end) => x - end >= MARK)
      const lane = free >= 0 ? free : ends.indexOf(Math.min(...ends))
      ends[lane] = x
      return mark(series, x, y + LANES[lane], title)
    })
}
