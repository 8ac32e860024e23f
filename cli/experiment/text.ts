import { duration, percent, points, table } from '../terminal.ts'
import type { ExperimentResults, Range } from './results.ts'

/** The summary as a table: means over the seeds, with their range where there are several; then what failed. */
export function formatResults({ title, split, summary, runs, failed, seconds }: ExperimentResults): string {
  const several = new Set(summary.map(({ data }) => data)).size > 1
  const header = [
    ...(several ? ['data'] : []),
    'model',
    'method',
    'bits',
    'seeds',
    'float top-1 %',
    'mean drop',
    'worst drop',
    'spread',
    'SQNR dB',
  ]
  const rows = summary.map((row) => [
    ...(several ? [row.data] : []),
    row.model,
    row.method,
    row.bits,
    String(row.seeds),
    ranged(row.floatTop1, percent),
    ranged(row.meanDrop, points),
    ranged(row.worstDrop, points),
    ranged(row.spread, percent),
    row.meanSqnrDb === null ? '' : ranged(row.meanSqnrDb, (dB) => dB.toFixed(1)),
  ])
  const done = `${title}\nMeasured on ${split} images\n${table(header, rows)}\n${runs.length} runs: ${formatTimes(seconds)}`
  return [done, ...formatFailed(failed)].join('\n')
}

/** A sentence for each run that has no results. */
export function formatFailed(failed: ExperimentResults['failed'] = []): string[] {
  return failed.map(({ error }) => `Failed, and not in any number here: ${error}.`)
}

/** What the runs took, whenever and for whichever file they were computed, and what this file's computing took, in parallel. */
export function formatTimes({ training, evaluation, wall }: ExperimentResults['seconds']): string {
  return `${duration(training)} of training and ${duration(evaluation)} of evaluation one after the other; computed here in ${duration(wall)}, without what the cache had`
}

/** Example: 0.81 (0.80 ... 0.83). */
function ranged({ mean, least, greatest }: Range, format: (value: number) => string): string {
  return least === greatest ? format(mean) : `${format(mean)} (${format(least)} ... ${format(greatest)})`
}
