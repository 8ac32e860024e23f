import { html, type Markup } from '../html.ts'
import type { Scale } from './scale.ts'

/** Width of every chart in its own units, which are about pixels on a phone: text keeps its size there. */
export const WIDTH = 360

/** Colours that a series can have: classes s0 ... of the style sheet. */
const COLOURS = 8

/** Outlines of the marks that go with the colours, around (0, 0), for eyes and printers that do not tell colours apart. */
const marks = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
  'M-3.5 -3.5h7v7h-7z',
  'M0 -4.8L4.6 3.4H-4.6z',
  'M0 -5L5 0L0 5L-5 0z',
  'M-1.5 -4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z',
  'M0 4.8L4.6 -3.4H-4.6z',
  'M-5 -2h10v4h-10z',
]

/** A drawing of the standard width. `label` is what a screen reader says. */
export function svg(height: number, label: string, content: readonly Markup[]): Markup {
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${content}</svg>`
}

/** The class of a series' colour. Series beyond the colours there are differ in their marks. */
export function seriesClass(series: number): string {
  return `s${series % COLOURS}`
}

/** The mark of a series, with a title that shows when pointed at. */
export function mark(series: number, x: number, y: number, title: string): Markup {
  return html`<path class="mark ${seriesClass(series)}" d="${marks[series % marks.length]}" transform="translate(${x} ${y})"><title>${title}</title></path>`
}

/** Which mark belongs to which name; nothing where there is one series only. */
export function legend(names: readonly string[]): Markup | null {
  if (names.length < 2) return null
  const entries = names.map(
    (name, i) =>
      html`<li><svg class="key" viewBox="-7 -7 14 14" aria-hidden="true"><path class="mark ${seriesClass(i)}" d="${marks[i % marks.length]}"/></svg>${name}</li>`,
  )
  return html`<ul class="legend">${entries}</ul>`
}

/** A horizontal axis: a line up and a number below for each tick, and the title of the axis under them. */
export function axisX(scale: Scale, top: number, bottom: number, title: string): Markup {
  const lines = scale.ticks.map((tick) => {
    const x = scale.map(tick)
    return html`<path class="grid" d="M${x} ${top}V${bottom}"/><text class="tick" x="${x}" y="${bottom + 13}" text-anchor="middle">${scale.label(tick)}</text>`
  })
  return html`${lines}<text class="axis" x="${(scale.from + scale.to) / 2}" y="${bottom + 28}" text-anchor="middle">${title}</text>`
}

/** A vertical axis: a line across and a number to the left for each tick. */
export function axisY(scale: Scale, left: number, right: number): Markup {
  const lines = scale.ticks.map((tick) => {
    const y = scale.map(tick)
    return html`<path class="grid" d="M${left} ${y}H${right}"/><text class="tick" x="${left - 5}" y="${y + 4}" text-anchor="end">${scale.label(tick)}</text>`
  })
  return html`${lines}`
}

/** Width of a text in the charts' font, from its number of characters: a little more than most need. */
export function textWidth(text: string): number {
  return text.length * 6.1
}

/** A text shortened to a width, its end kept, which tells layers apart: 'stages.0.blocks.1.conv2' gives '…blocks.1.conv2'. */
export function shortened(text: string, width: number): string {
  const fits = Math.floor(width / textWidth('x'))
  const characters = [...text]
  return characters.length <= fits ? text : `…${characters.slice(characters.length - fits + 1).join('')}`
}
