import { type HeatCell, type HeatRow, heatLegend, heatMap } from '../charts/heatMap.ts'
import type { ModelComparison, ReportData } from '../data.ts'
import { figure, type Numbers, type Section, section } from '../figure.ts'
import { decibels, listed, percent, plural, points, significant } from '../format.ts'
import { html, type Markup } from '../html.ts'
import { backendsOf, bitsOf, methodsOf, modelsOf, ofWhich } from '../naming.ts'
import { distinct, mean, smallest } from '../statistics.ts'

/** Methods that the sentence names one by one; of more, the least and the most changed. */
const NAMED = 4

/** What stands under one column: the comparisons of one method, seen at one bit-width. */
interface Column {
  readonly title: string
  readonly bits: string
  readonly method: string
  readonly comparisons: readonly ModelComparison[]
}

/** The drop of each back end by method (or by bits where there is one method), a figure for each model. */
export function accuracySection(data: ReportData): Section | null {
  const { comparisons = [] } = data
  const models = modelsOf({ ...data, runs: [] })
  const figures = models.flatMap((model) => {
    const own = comparisons.filter((item) => item.model === model && item.comparison.backends.length > 0)
    const methods = methodsOf({ title: '', comparisons: own })
    if (own.length === 0) return []
    const columns = bitsOf(own).map((bits) =>
      methods.map((method) => ({
        bits,
        method,
        title: method,
        comparisons: own.filter((item) => item.method === method),
      })),
    )
    // A single method needs no column of its own: its bit-widths stand side by side.
    const tables =
      methods.length === 1 ? [columns.flat().map((column) => ({ ...column, title: column.bits }))] : columns
    const corner = (table: readonly Column[]): string => (methods.length === 1 ? 'drop, points' : table[0].bits)
    return [
      figure({
        title: `Drop in top-1 on each back end${ofWhich(model, models)}.`,
        reading: reading(columns, own),
        legend: heatLegend(),
        charts: [
          html`<div class="heat-panels">${tables.map((table) => drawTable(corner(table), table, backendsOf(own)))}</div>`,
        ],
        numbers: numbersOf(own),
        wide: true,
      }),
    ]
  })
  return section('accuracy', 'Accuracy on the back ends', figures)
}

/** Without the back ends that no column has, as those that cannot express a bit-width. */
function drawTable(corner: string, columns: readonly Column[], all: readonly string[]): Markup {
  const names = all.filter((name) => columns.some((column) => dropsOf(column, name).length > 0))
  const rows: HeatRow[] = [
    {
      label: 'float top-1, %',
      plain: true,
      cells: columns.map(({ comparisons }) => {
        const found = comparisons.map(({ comparison }) => comparison.float.top1)
        return { points: 0, text: percent(mean(found)) }
      }),
    },
    ...names.map((name) => ({ label: name, cells: columns.map((column) => dropCell(dropsOf(column, name))) })),
    { label: 'mean', cells: columns.map((column) => dropCell([mean(meanDrops(column, names))])) },
    { label: 'worst', cells: columns.map((column) => dropCell([Math.min(...meanDrops(column, names))])) },
  ]
  return heatMap(
    corner,
    columns.map(({ title }) => title),
    rows,
  )
}

/** The drops of a back end in a column, one for each seed that has it. */
function dropsOf({ comparisons, bits }: Column, name: string): number[] {
  return comparisons.flatMap(({ comparison }) =>
    comparison.backends.filter((row) => row.name === name && row.bits === bits).map(({ drop }) => drop),
  )
}

/** The mean over seeds for each back end that the column has. */
function meanDrops(column: Column, names: readonly string[]): number[] {
  return names
    .map((name) => dropsOf(column, name))
    .filter((drops) => drops.length > 0)
    .map(mean)
}

function dropCell(drops: readonly number[]): HeatCell | null {
  if (drops.length === 0 || !drops.every(Number.isFinite)) return null
  const average = mean(drops)
  const detail = drops.length > 1 ? `${points(Math.min(...drops))} ... ${points(Math.max(...drops))}` : undefined
  return { points: average * 100, text: points(average), detail, title: drops.map(points).join(', ') }
}

/** What the worst back end costs each method, at the bit-width where that is most. */
function reading(columns: readonly (readonly Column[])[], own: readonly ModelComparison[]): string {
  const names = backendsOf(own)
  const worstOf = (column: Column): { name: string; drop: number } => {
    const rows = names
      .map((name) => ({ name, drop: mean(dropsOf(column, name)) }))
      .filter(({ drop }) => !Number.isNaN(drop))
    return smallest(rows, ({ drop }) => drop) ?? { name: 'none', drop: Number.NaN }
  }
  const tables = columns.map((table) =>
    table.map((column) => ({ column, ...worstOf(column) })).filter(({ drop }) => !Number.isNaN(drop)),
  )
  const hardest = smallest(
    tables.filter(({ length }) => length > 0),
    (table) => Math.min(...table.map(({ drop }) => drop)),
  )
  if (hardest === undefined) return 'No back end has a result.'
  const [{ column }] = hardest
  const seeds = distinct(own.map(({ seed }) => seed)).length
  const sorted = [...hardest]
    .sort((a, b) => b.drop - a.drop)
    .map((item) => `${points(item.drop)} points for ${item.column.method} (${item.name})`)
  const found = sorted.length > NAMED ? `${sorted[0]} to ${sorted[sorted.length - 1]}` : listed(sorted)
  const caution = hardest.length > 1 && seeds < 3 ? ` From ${plural(seeds, 'seed')} only: no claim about methods.` : ''
  const over = seeds > 1 ? `, means over ${seeds} seeds` : ''
  return `At ${column.bits} the worst back end changes top-1 by ${found}${over}.${caution}`
}

function numbersOf(comparisons: readonly ModelComparison[]): Numbers {
  return {
    header: ['method', 'seed', 'back end', 'bits', 'top-1 %', 'drop', 'logit MSE', 'SQNR dB', 'Brier', 'ECE'],
    rows: comparisons.flatMap(({ method, seed, comparison: { float, backends } }) => [
      [method, seed, 'float', '', percent(float.top1), '', '', '', float.brier.toFixed(4), float.ece.toFixed(4)],
      ...backends.map((row) => [
        method,
        seed,
        row.name,
        row.bits,
        percent(row.top1),
        points(row.drop),
        significant(row.logitMse),
        decibels(row.sqnrDb),
        row.brier.toFixed(4),
        row.ece.toFixed(4),
      ]),
    ]),
  }
}
