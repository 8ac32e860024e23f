import { breakable, type Content, html, type Markup } from '../html.ts'

/** A cell: a signed difference that gives the colour, and what stands in it. Null: not measured. */
export interface HeatCell {
  /** Points of top-1, negative is a loss. */
  readonly points: number
  readonly text: string
  /** A second, smaller line. */
  readonly detail?: string
  /** Shown when pointed at. */
  readonly title?: string
}

/** A row of the table; `plain` rows (means, float accuracy) have no colour. */
export interface HeatRow {
  readonly label: string
  readonly cells: readonly (HeatCell | null)[]
  readonly plain?: boolean
}

/** Points of difference at which a colour begins; the same in every report, so that reports compare. */
export const heatLevels = [0.25, 0.5, 1, 2, 5, 10, 20]

/** A table whose cells are coloured by loss (orange) or gain (blue), in fixed steps. */
export function heatMap(corner: string, columns: readonly string[], rows: readonly HeatRow[]): Markup {
  const head = columns.map((column) => html`<th scope="col">${breakable(column)}</th>`)
  const body = rows.map(
    ({ label, cells, plain }) =>
      html`<tr${plain ? html` class="plain"` : null}><th scope="row">${breakable(label)}</th>${cells.map((cell) => drawCell(cell, plain === true))}</tr>`,
  )
  return html`<div class="scroll" tabindex="0"><table class="heat"><thead><tr><th scope="col">${corner}</th>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

function drawCell(cell: HeatCell | null, plain: boolean): Markup {
  if (cell === null) return html`<td class="none">-</td>`
  const detail: Content = cell.detail === undefined ? null : html`<small>${cell.detail}</small>`
  const title: Content = cell.title === undefined ? null : html` title="${cell.title}"`
  return html`<td class="${plain ? 'none' : heatClass(cell.points)}"${title}>${cell.text}${detail}</td>`
}

/** The class of a difference: 'loss4' from 2 points of loss on, 'gain1' from 0.25 points of gain on, 'even' between. */
export function heatClass(points: number): string {
  const level = heatLevels.filter((start) => Math.abs(points) >= start).length
  if (level === 0 || Number.isNaN(points)) return 'even'
  return `${points < 0 ? 'loss' : 'gain'}${level}`
}

/** The colours and where they begin. */
export function heatLegend(): Markup {
  const swatch = (name: string, text: string): Markup => html`<li class="${name}">${text}</li>`
  const losses = heatLevels.map((start, i) => swatch(`loss${i + 1}`, `-${start}`)).reverse()
  const gains = heatLevels.map((start, i) => swatch(`gain${i + 1}`, `+${start}`))
  return html`<ul class="steps" aria-label="colours begin at">${losses}${swatch('even', '0')}${gains}</ul>`
}
