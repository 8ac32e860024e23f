import { dotPlot } from '../charts/dotPlot.ts'
import { legend } from '../charts/svg.ts'
import type { LayerSqnr, ReportData } from '../data.ts'
import { figure, groupedSection, type Section } from '../figure.ts'
import { decibels, plural } from '../format.ts'
import type { Markup } from '../html.ts'
import { ofWhich, programName, trainedName, trainingName } from '../naming.ts'
import { distinct, groupBy, smallest } from '../statistics.ts'

/** Layers that are drawn: those with the lowest SQNR on some back end. */
const DRAWN = 40

/** Per-layer SQNR against float, a figure for each checkpoint and bit-width with a mark for each back end. */
export function layersSection({ comparisons = [] }: ReportData): Section | null {
  const groups = [...groupBy(comparisons, trainingName)].map(([name, seeds]) => ({
    name,
    figures: seeds.flatMap((item) => {
      const found = (item.layerSqnr ?? []).filter(({ layers }) => layers.length > 0)
      const of = ofWhich(trainedName(item), comparisons)
      return [...groupBy(found, ({ bits }) => bits)].map(([bits, group]) => layersFigure(bits, group, of))
    }),
  }))
  return groupedSection('layers', 'Layer by layer', groups)
}

function layersFigure(bits: string, programs: readonly LayerSqnr[], of: string): Markup {
  const backends = distinct(programs.map(({ backend }) => backend))
  const values = programs.flatMap(({ backend, layers }) =>
    layers.map(({ name, sqnrDb }) => ({ backend, bits, name, sqnrDb, value: sqnrDb ?? Number.POSITIVE_INFINITY })),
  )
  const rows = [...groupBy(values, ({ name }) => name)].map(([label, row]) => ({
    label,
    dots: row.map((item) => ({
      value: item.value,
      series: backends.indexOf(item.backend),
      title: `${item.backend}: ${decibels(item.sqnrDb)} dB`,
    })),
  }))
  const lowest = (row: (typeof rows)[number]): number => Math.min(...row.dots.map(({ value }) => value))
  const drawn = new Set([...rows].sort((a, b) => lowest(a) - lowest(b)).slice(0, DRAWN))
  const left = rows.length - drawn.size
  const rest = left > 0 ? ` Not drawn: ${plural(left, 'layer')} with higher ones.` : ''
  const worst = smallest(values, ({ value }) => value)
  const title = `SQNR of each layer's output at ${bits}${of}.`
  const reading =
    worst === undefined || !Number.isFinite(worst.value)
      ? 'Every layer equals float.'
      : `The lowest is ${decibels(worst.sqnrDb)} dB, at ${worst.name} on ${programName(worst)}; noise of earlier layers is part of it.${rest}`
  return figure({
    title,
    reading,
    legend: legend(backends),
    charts: [
      dotPlot(
        title,
        'SQNR against float, dB',
        rows.filter((row) => drawn.has(row)),
      ),
    ],
    numbers: {
      header: ['layer', ...backends],
      rows: rows.map(({ label, dots }) => [
        label,
        ...backends.map((_, series) => {
          const dot = dots.find((candidate) => candidate.series === series)
          return dot === undefined ? '-' : decibels(dot.value)
        }),
      ]),
    },
  })
}
