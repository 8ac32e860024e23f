/** The report: data in, one self-contained HTML page out. */

export type {
  BackendBits,
  CalibrationTrials,
  CostRow,
  CostTable,
  Culprits,
  LayerSqnr,
  MeasuredRow,
  ModelComparison,
  ReportData,
  Trained,
  TrainingRun,
  Waterfall,
} from './data.ts'
export { renderReport } from './report.ts'
