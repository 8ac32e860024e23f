import type { CostRow, CostTable, MeasuredRow, ReportData } from '../data.ts'
import { figure, groupedSection, type Numbers, numbersTable, type Section } from '../figure.ts'
import { bytes, count, plural, significant } from '../format.ts'
import type { Markup } from '../html.ts'
import { ofWhich, programName, trainedName, trainingName } from '../naming.ts'
import { distinct, groupBy, smallest } from '../statistics.ts'

/** What inference costs: measured on our own runtime, and as the cost model has it; never mixed. */
export function costSection({ comparisons = [] }: ReportData): Section | null {
  const groups = [...groupBy(comparisons, trainingName)].map(([name, seeds]) => ({
    name,
    figures: seeds.flatMap((item) => {
      const of = ofWhich(trainedName(item), comparisons)
      return [
        ...(item.measured === undefined || item.measured.length === 0 ? [] : [measuredFigure(item.measured, of)]),
        ...(item.cost === undefined || item.cost.rows.length === 0 ? [] : [modelFigure(item.cost, of)]),
      ]
    }),
  }))
  return groupedSection('cost', 'Cost', groups)
}

function measuredFigure(rows: readonly MeasuredRow[], of: string): Markup {
  const fastest = smallest(rows, ({ medianMs }) => medianMs) ?? rows[0]
  return figure({
    title: `Measured on this project's runtime${of}.`,
    reading: `${programName(fastest)} is the fastest here, with a median of ${significant(fastest.medianMs)} ms an image; another machine, and the vendor's own runtime, will differ.`,
    charts: [
      numbersTable({
        header: ['back end', 'bits', 'median ms', 'p95 ms', 'images/s', 'memory'],
        rows: rows.map((row) => [
          row.backend,
          row.bits,
          significant(row.medianMs),
          significant(row.p95Ms),
          significant(row.imagesPerSecond),
          bytes(row.memoryBytes),
        ]),
      }),
    ],
    numbers: {
      header: ['back end', 'bits', 'median ms', 'p95 ms', 'images/s', 'memory bytes'],
      rows: rows.map((row) => [row.backend, row.bits, row.medianMs, row.p95Ms, row.imagesPerSecond, row.memoryBytes]),
    },
    wide: true,
  })
}

function modelFigure({ source, rows }: CostTable, of: string): Markup {
  const precisions = distinct(rows.flatMap(({ macs }) => Object.keys(macs)))
  const least = smallest(rows, ({ energyUj }) => energyUj) ?? rows[0]
  const crossing = rows.filter(({ crossings }) => crossings > 0)
  const falls =
    crossing.length === 0
      ? 'no back end falls back to float'
      : `fallbacks make ${plural(crossing.length, 'program')} cross between integers and float`
  return figure({
    title: `Cost of one image by the cost model${of}: a model, not a measurement.`,
    reading: `${programName(least)} needs the least energy, ${significant(least.energyUj)} µJ; ${falls}. ${source}`,
    charts: [numbersTable(costNumbers(rows, precisions, bytes, count))],
    numbers: costNumbers(rows, precisions, String, String),
    wide: true,
  })
}

function costNumbers(
  rows: readonly CostRow[],
  precisions: readonly string[],
  size: (value: number) => string,
  amount: (value: number) => string,
): Numbers {
  return {
    header: [
      'back end',
      'bits',
      ...precisions.map((precision) => `MACs ${precision}`),
      'weights',
      'activations',
      'crossings',
      'energy µJ',
      'latency ms',
    ],
    rows: rows.map((row) => [
      row.backend,
      row.bits,
      ...precisions.map((precision) => amount(row.macs[precision] ?? 0)),
      size(row.weightBytes),
      size(row.activationBytes),
      row.crossings,
      significant(row.energyUj),
      significant(row.latencyMs),
    ]),
  }
}
