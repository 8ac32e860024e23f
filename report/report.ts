import type { ReportData } from './data.ts'
import { numbersTable, type Section } from './figure.ts'
import { html, type Markup, markup } from './html.ts'
import { accuracySection } from './sections/accuracy.ts'
import { attributionSection } from './sections/attribution.ts'
import { calibrationSection } from './sections/calibration.ts'
import { costSection } from './sections/cost.ts'
import { layersSection } from './sections/layers.ts'
import { spreadSection } from './sections/spread.ts'
import { trainingSection } from './sections/training.ts'
import { trimmingSection } from './sections/trimming.ts'
import { style } from './style.ts'

/** What the page may load: its own style, and nothing else from anywhere. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/**
 * One HTML page without scripts that loads nothing: light or dark as the reader's system is, for a phone, a screen or
 * paper. The same data give the same bytes. Sections without data are left out; everything from outside is escaped.
 */
export function renderReport(data: ReportData): string {
  const sections = [
    accuracySection(data),
    spreadSection(data),
    trainingSection(data),
    trimmingSection(data),
    attributionSection(data),
    layersSection(data),
    calibrationSection(data),
    costSection(data),
  ].filter((section) => section !== null)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${data.title}</title>
<style>${markup(style)}</style>
</head>
<body>
<header>
<h1>${data.title}</h1>
${head(data)}
${contents(sections)}
</header>
<main>
${sections.length === 0 ? html`<p>There is nothing to show: no training and no comparison.</p>` : sections.map(drawSection)}
</main>
</body>
</html>
`
  return page.text
}

function head({ command, versions = {}, notes = [] }: ReportData): Markup[] {
  const used = Object.entries(versions)
  return [
    ...(command === undefined ? [] : [html`<p><code>${command}</code></p>`]),
    ...notes.map((note) => html`<p>${note}</p>`),
    ...(used.length === 0
      ? []
      : [
          html`<details><summary>Versions</summary>${numbersTable({ header: ['what', 'version'], rows: used })}</details>`,
        ]),
  ]
}

function contents(sections: readonly Section[]): Markup | null {
  if (sections.length < 2) return null
  return html`<nav aria-label="sections"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`
}

function drawSection({ id, title, figures }: Section): Markup {
  return html`<section id="${id}">
<h2>${title}</h2>
<div class="figures">
${figures}</div>
</section>
`
}
