import type { Spread } from '../../quant/audit/compare.ts'
import { type DotRow, dotPlot } from '../charts/dotPlot.ts'
import { legend } from '../charts/svg.ts'
import type { ModelComparison, ReportData } from '../data.ts'
import { figure, type Numbers, type Section, section } from '../figure.ts'
import { decibels, listed, percent, points } from '../format.ts'
import { backendsOf, bitsOf, modelsOf, ofWhich } from '../naming.ts'
import { groupBy, mean } from '../statistics.ts'

/** How far the back ends of one checkpoint lie apart: every seed and back end, a figure for each model and bit-width. */
export function spreadSection(data: ReportData): Section | null {
  const { comparisons = [] } = data
  const models = modelsOf({ ...data, runs: [] })
  const figures = models.flatMap((model) => {
    const own = comparisons.filter((item) => item.model === model)
    const names = backendsOf(own)
    return bitsOf(own).map((bits) => {
      const title = `Spread over the back ends at ${bits}${ofWhich(model, models)}.`
      const rows = (value: 'drop' | 'sqnrDb'): DotRow[] => rowsOf(own, bits, names, value)
      return figure({
        title,
        reading: reading(own, bits),
        legend: legend(names),
        charts: [
          dotPlot(`${title} Drop in top-1`, 'change of top-1 against float, points', rows('drop')),
          dotPlot(`${title} SQNR of the logits`, 'SQNR of the logits, dB', rows('sqnrDb')),
        ],
        numbers: numbersOf(own, bits),
        wide: true,
      })
    })
  })
  return section('spread', 'Spread', figures)
}

/** A row for each seed, under its method; with one seed a row for each method. */
function rowsOf(
  comparisons: readonly ModelComparison[],
  bits: string,
  names: readonly string[],
  value: 'drop' | 'sqnrDb',
): DotRow[] {
  const single = [...groupBy(comparisons, ({ method }) => method).values()].every((group) => group.length === 1)
  return comparisons.map(({ method, seed, comparison }) => ({
    label: single ? method : `seed ${seed}`,
    group: single ? undefined : method,
    dots: comparison.backends
      .filter((row) => row.bits === bits)
      .map((row) => ({
        // null is what JSON makes of infinity: no place on an axis.
        value: value === 'drop' ? row.drop * 100 : (row.sqnrDb ?? Number.POSITIVE_INFINITY),
        series: names.indexOf(row.name),
        title: `${row.name}: ${value === 'drop' ? `${points(row.drop)} points` : `${decibels(row.sqnrDb)} dB`}`,
      })),
  }))
}

function spreadOf({ comparison }: ModelComparison, bits: string): Spread | undefined {
  return comparison.summary.find((row) => row.bits === bits)
}

function reading(comparisons: readonly ModelComparison[], bits: string): string {
  const found = [...groupBy(comparisons, ({ method }) => method)].flatMap(([method, group]) => {
    const spreads = group.flatMap((item) => spreadOf(item, bits)?.spread ?? [])
    return spreads.length === 0 ? [] : [{ method, spread: mean(spreads), seeds: spreads.length }]
  })
  const sorted = [...found].sort((a, b) => a.spread - b.spread)
  const over = found.some(({ seeds }) => seeds > 1) ? ', mean over seeds' : ''
  const parts = sorted.map(({ method, spread }) => `${percent(spread)} points with ${method}`)
  return `Between its best and its worst back end one checkpoint differs by ${listed(parts)}${over}. Each mark is a back end; the bar spans them, the line is the median.`
}

function numbersOf(comparisons: readonly ModelComparison[], bits: string): Numbers {
  return {
    header: ['method', 'seed', 'mean top-1 %', 'mean drop', 'worst drop', 'worst', 'spread', 'mean SQNR dB'],
    rows: comparisons.flatMap((item) => {
      const row = spreadOf(item, bits)
      if (row === undefined) return []
      return [
        [
          item.method,
          item.seed,
          percent(row.meanTop1),
          points(row.meanDrop),
          points(row.worstDrop),
          row.worst,
          percent(row.spread),
          decibels(row.meanSqnrDb),
        ],
      ]
    }),
  }
}
