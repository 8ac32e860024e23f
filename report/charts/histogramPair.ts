import { html, type Markup } from '../html.ts'
import { exactScale } from './scale.ts'
import { axisX, shortened, svg, textWidth, WIDTH } from './svg.ts'

/** Two histograms over the same bins, and the threshold between them. */
export interface HistogramPair {
  readonly title: string
  /** Title of the axis. */
  readonly axis: string
  /** The bins divide [0, limit] evenly. */
  readonly limit: number
  readonly before: readonly number[]
  readonly after: readonly number[]
  readonly threshold: number
  readonly thresholdLabel: string
}

const TOP = 40
const BOTTOM = 140
const LEFT = 10

/**
 * After as bars, before as an outline, the threshold as a dashed line. Heights grow with the square root of the count:
 * the few largest weights, which are the subject, would not show otherwise.
 */
export function histogramPair(pair: HistogramPair): Markup {
  const { title, axis, limit, before, after, threshold, thresholdLabel } = pair
  const most = Math.max(1, ...before, ...after)
  const scale = exactScale(0, limit, LEFT, WIDTH - 16)
  const height = (count: number): number => Math.round(Math.sqrt(count / most) * (BOTTOM - TOP) * 100) / 100
  const edge = (bin: number): number => scale.map((bin / before.length) * limit)
  const bars = after.flatMap((count, bin) =>
    count === 0 ? [] : [`M${edge(bin)} ${BOTTOM}V${BOTTOM - height(count)}H${edge(bin + 1)}V${BOTTOM}z`],
  )
  const outline = before.map((count, bin) => `V${BOTTOM - height(count)}H${edge(bin + 1)}`)
  const x = scale.map(Math.min(threshold, limit))
  const fitsRight = x + 6 + textWidth(thresholdLabel) < WIDTH
  return svg(BOTTOM + 34, `${title}: histogram before and after, ${thresholdLabel}`, [
    html`<text class="title" x="2" y="13">${shortened(title, WIDTH * 0.85)}<title>${title}</title></text>`,
    axisX(scale, TOP, BOTTOM, axis),
    html`<path class="after" d="${bars.join('')}"/><path class="before" d="M${edge(0)} ${BOTTOM}${outline.join('')}V${BOTTOM}"/>`,
    html`<path class="threshold" d="M${x} ${TOP - 8}V${BOTTOM}"/><text class="tick" x="${fitsRight ? x + 4 : x - 4}" y="${TOP - 4}" text-anchor="${fitsRight ? 'start' : 'end'}">${thresholdLabel}</text>`,
  ])
}

/** What the outline and the bars are. */
export function histogramLegend(): Markup {
  return html`<ul class="legend"><li><svg class="key" viewBox="-7 -7 14 14" aria-hidden="true"><path class="before" d="M-6 5V-4H6V5"/></svg>before</li><li><svg class="key" viewBox="-7 -7 14 14" aria-hidden="true"><path class="after" d="M-6 5V-4H6V5z"/></svg>after</li><li><svg class="key" viewBox="-7 -7 14 14" aria-hidden="true"><path class="threshold" d="M0 -7V7"/></svg>threshold</li></ul>`
}
