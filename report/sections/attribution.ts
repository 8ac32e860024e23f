import { type HeatCell, heatLegend, heatMap } from '../charts/heatMap.ts'
import { waterfall } from '../charts/waterfall.ts'
import type { Culprits, ReportData, Waterfall } from '../data.ts'
import { figure, type Section, section } from '../figure.ts'
import { decibels, percent, points, signed } from '../format.ts'
import { html, type Markup } from '../html.ts'
import { ofWhich, programName, trainedName } from '../naming.ts'
import { distinct, smallest } from '../statistics.ts'

/** What a change must exceed to be shown as one: less is rounding of sums in double. */
const NOTHING = 1e-9

/** Where the accuracy goes: waterfalls by knob, and the layers whose healing gains most. */
export function attributionSection({ comparisons = [] }: ReportData): Section | null {
  const figures = comparisons.flatMap((item) => {
    const of = ofWhich(trainedName(item), comparisons)
    return [
      ...(item.waterfalls ?? []).map((chart) => waterfallFigure(chart, of)),
      ...(item.culprits ?? [])
        .filter(({ layers }) => layers.length > 0)
        .map((culprits) => culpritsFigure(culprits, of)),
    ]
  })
  return section('attribution', 'Where the accuracy goes', figures)
}

function waterfallFigure(data: Waterfall, of: string): Markup {
  const { from, to, bits, backend } = data
  const rest = to - data.steps.reduce((sum, { change }) => sum + change, from)
  const steps = Math.abs(rest) > NOTHING ? [...data.steps, { knob: 'not attributed', change: rest }] : data.steps
  const title = `From float to ${programName({ backend, bits })}${of}.`
  const largest = smallest(steps, ({ change }) => change)
  const blame =
    largest === undefined || largest.change >= -NOTHING
      ? 'no knob loses'
      : `the largest loss comes with '${largest.knob}', ${points(largest.change)} points`
  return figure({
    title,
    reading: `Top-1 goes from ${percent(from)} % to ${percent(to)} % (${points(to - from)} points), one knob after the other: ${blame}. Another order of the knobs would share it out differently.`,
    charts: [
      waterfall({
        label: title,
        axis: 'top-1, %',
        from: from * 100,
        start: 'float',
        end: backend,
        steps: steps.map(({ knob, change }) => ({ label: knob, change: change * 100 })),
        format: (value) => value.toFixed(2),
        formatChange: (change) => signed(change, 2),
      }),
    ],
    numbers: {
      header: ['knob', 'change', 'SQNR dB'],
      rows: steps.map((step) => [
        step.knob,
        points(step.change),
        'sqnrDb' in step && step.sqnrDb !== undefined ? decibels(step.sqnrDb) : '',
      ]),
    },
  })
}

function culpritsFigure({ backend, bits, layers }: Culprits, of: string): Markup {
  const remedies = distinct(layers.flatMap((layer) => layer.remedies.map(({ remedy }) => remedy)))
  const tried = layers.flatMap(({ name, remedies: own }) => own.map((remedy) => ({ name, ...remedy })))
  const best = smallest(tried, ({ gain }) => -gain)
  const found =
    best === undefined || best.gain <= 0
      ? 'no remedy tried at a single layer gains top-1'
      : `the most is gained by '${best.remedy}' at ${best.name}, ${points(best.gain)} points`
  const table = heatMap(
    'gain, points',
    remedies,
    layers.map(({ name, remedies: own }) => ({
      label: name,
      cells: remedies.map((remedy): HeatCell | null => {
        const cell = own.find((candidate) => candidate.remedy === remedy)
        return cell === undefined
          ? null
          : { points: cell.gain * 100, text: points(cell.gain), detail: gainInDb(cell.gainDb) }
      }),
    })),
  )
  return figure({
    title: `Culprit layers on ${programName({ backend, bits })}${of}.`,
    reading: `Healing one layer at a time, measured by doing it, ${found}; below each gain that in the SQNR of the logits.`,
    legend: heatLegend(),
    charts: [html`<div class="heat-panels">${table}</div>`],
    numbers: {
      header: ['layer', 'remedy', 'gain', 'gain in SQNR'],
      rows: tried.map(({ name, remedy, gain, gainDb }) => [name, remedy, points(gain), gainInDb(gainDb) ?? '']),
    },
  })
}

/** A gain in SQNR, where it was measured and is finite (null is what JSON makes of infinity). */
function gainInDb(gain: number | null | undefined): string | undefined {
  return typeof gain === 'number' && Number.isFinite(gain) ? `${signed(gain, 2)} dB` : undefined
}
