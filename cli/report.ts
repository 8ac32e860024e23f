import { join } from 'node:path'
import type { ReportData, TrainingRun } from '../report/data.ts'
import { renderReport } from '../report/report.ts'
import type { OptionSpecs, ParsedOptions } from './options.ts'
import { packageVersion } from './packageVersion.ts'
import { readLogs } from './run.ts'
import { writeWhole } from './runFolder.ts'
import type { Progress } from './terminal.ts'
import type { TrainingConfig } from './trainingConfig.ts'

/** The options of a command that writes a report about a run. */
export const reportOptions: OptionSpecs = {
  report: { type: 'string', value: 'FILE', negatable: true, description: 'where the report goes [RUN/report.html]' },
}

/** Where the report about a run goes; null: it is not wanted. */
export function reportPath(values: ParsedOptions['values'], folder: string): string | null {
  if (values.report === false) return null
  return (values.report as string | undefined) ?? join(folder, 'report.html')
}

/** What the logs of a run say about its training; no epochs where it has none. Throws `FormatError` for damaged ones. */
export function trainingOf(folder: string, { model, method, seed }: TrainingConfig): TrainingRun {
  const { metrics, trims } = readLogs(folder)
  return { model, method, seed, epochs: metrics, trims }
}

/** Writes a report, with the versions that made it, and says where it is. */
export function writeReport(path: string, data: ReportData, progress: Progress): void {
  const versions = { 'quant-trim': packageVersion(), node: process.version, ...data.versions }
  writeWhole(path, renderReport({ ...data, versions }))
  progress.line(`report: ${path}`)
}
