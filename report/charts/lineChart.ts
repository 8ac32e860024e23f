import { html, type Markup } from '../html.ts'
import { exactScale, extent, linearScale } from './scale.ts'
import { axisX, axisY, mark, seriesClass, svg, textWidth, WIDTH } from './svg.ts'

/** A line through points in the order of x. Points that are not finite are left out. */
export interface Line {
  readonly name: string
  /** Index of the series that gives colour and mark. */
  readonly series: number
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const TOP = 24
const BOTTOM = 176

/** Lines over one axis, each ending in its mark, under a title. Null where there is no point. */
export function lineChart(title: string, axis: string, lines: readonly Line[]): Markup | null {
  const finite = lines.map((line) => ({
    ...line,
    points: line.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
  }))
  const points = finite.flatMap((line) => line.points)
  const across = extent(points.map(({ x }) => x))
  const up = extent(points.map(({ y }) => y))
  if (across === null || up === null) return null
  const vertical = linearScale(up.low, up.high, BOTTOM, TOP)
  const left = Math.max(...vertical.ticks.map((tick) => textWidth(vertical.label(tick)))) + 10
  const horizontal = exactScale(across.low, across.high, left + 4, WIDTH - 14)
  const drawn = finite.flatMap(({ name, series, points }) => {
    const last = points.at(-1)
    if (last === undefined) return []
    const corners = points.map(({ x, y }) => `${horizontal.map(x)} ${vertical.map(y)}`)
    return [
      html`<path class="line ${seriesClass(series)}" d="M${corners.join('L')}"><title>${name}</title></path>`,
      mark(series, horizontal.map(last.x), vertical.map(last.y), `${name}: ${last.y}`),
    ]
  })
  return svg(BOTTOM + 36, title, [
    html`<text class="title" x="2" y="13">${title}</text>`,
    axisX(horizontal, TOP, BOTTOM, axis),
    axisY(vertical, left + 4, WIDTH - 14),
    ...drawn,
  ])
}
