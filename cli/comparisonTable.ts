import type { Comparison } from '../quant/audit/compare.ts'
import { percent, points, table } from './terminal.ts'

/** The table that `eval` prints: back ends by bits, and mean, worst and spread below. */
export function formatComparison({ float, backends, summary }: Comparison): string {
  const header = ['back end', 'bits', 'top-1 %', 'drop', 'logit MSE', 'SQNR dB', 'Brier', 'ECE']
  const rows = [
    ['float', '', percent(float.top1), '', '', '', float.brier.toFixed(4), float.ece.toFixed(4)],
    ...backends.map((row) => [
      row.name,
      row.bits,
      percent(row.top1),
      points(row.drop),
      row.logitMse.toPrecision(3),
      row.sqnrDb.toFixed(1),
      row.brier.toFixed(4),
      row.ece.toFixed(4),
    ]),
  ]
  const foot = summary.flatMap(({ bits, meanTop1, meanDrop, worst, worstDrop, spread, meanSqnrDb }) => [
    ['mean', bits, percent(meanTop1), points(meanDrop), '', meanSqnrDb.toFixed(1), '', ''],
    [`worst: ${worst}`, bits, '', points(worstDrop), '', '', '', ''],
    ['spread (max - min)', bits, percent(spread), '', '', '', '', ''],
  ])
  return table(header, [...rows, ...foot], foot.length)
}
