import { plural } from './format.ts'
import { breakable, type Content, html, type Markup } from './html.ts'

/** A table of numbers: what a chart was drawn from. Columns of numbers are set to the right. */
export interface Numbers {
  readonly header: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** A chart with what to read from it and the numbers behind it. */
export interface Figure {
  readonly title: string
  /** One sentence, computed from the data. */
  readonly reading: string
  /** One drawing or several side by side; null where there is nothing to draw. */
  readonly charts: readonly Content[]
  readonly legend?: Markup | null
  readonly numbers: Numbers
  /** Takes the whole width of the page, not a column. */
  readonly wide?: boolean
}

/** A figure: caption, legend, drawings, and the numbers folded away. */
export function figure({ title, reading, charts, legend, numbers, wide }: Figure): Markup {
  const drawn = charts.filter((chart) => chart !== null)
  return html`<figure class="${wide ? 'wide' : 'column'}">
<figcaption><strong>${title}</strong> ${reading}</figcaption>
${legend ?? null}${drawn.length === 0 ? null : html`<div class="panels">${drawn}</div>`}
<details><summary>Numbers</summary>${numbersTable(numbers)}</details>
</figure>
`
}

/** A heading with figures below; null, and so absent, where there are none. */
export function section(id: string, title: string, figures: readonly Markup[]): Section | null {
  return figures.length === 0 ? null : { id, title, figures }
}

/** The figures of one model and method. */
export interface FigureGroup {
  readonly name: string
  readonly figures: readonly Markup[]
}

/** Figures that a section of groups shows at once. */
const SHOWN = 12

/** A section of groups: all figures open where they are few; where they are many each group is folded away under its name. */
export function groupedSection(id: string, title: string, groups: readonly FigureGroup[]): Section | null {
  const figures = groups.flatMap((group) => group.figures)
  if (figures.length <= SHOWN) return section(id, title, figures)
  return section(id, title, groups.filter((group) => group.figures.length > 0).map(fold))
}

function fold({ name, figures }: FigureGroup): Markup {
  return html`<details class="wide fold"><summary>${name}: ${plural(figures.length, 'figure')}</summary>
<div class="figures">
${figures}</div>
</details>
`
}

/** A part of the report. */
export interface Section {
  /** Of the element, for links. */
  readonly id: string
  readonly title: string
  readonly figures: readonly Markup[]
}

/** A table that scrolls sideways where the page is narrow. */
export function numbersTable({ header, rows }: Numbers): Markup {
  const numeric = header.map((_, i) => rows.every((row) => /^([-+]?\d|equal$|-?$)/.test(String(row[i] ?? ''))))
  const cell = (content: string | number, i: number): Markup =>
    numeric[i] ? html`<td class="n">${content}</td>` : html`<td>${breakable(String(content))}</td>`
  const head = header.map(
    (title, i) => html`<th scope="col"${numeric[i] ? html` class="n"` : null}>${breakable(title)}</th>`,
  )
  return html`<div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${row.map(cell)}</tr>`,
  )}</tbody></table></div>`
}
