import { dotPlot } from '../charts/dotPlot.ts'
import type { CalibrationTrials, ReportData } from '../data.ts'
import { figure, type Section, section } from '../figure.ts'
import { decibels, percent } from '../format.ts'
import type { Markup } from '../html.ts'
import { ofWhich, programName, trainedName } from '../naming.ts'
import { smallest } from '../statistics.ts'

/** How much a result depends on the calibration images: every trial, a row for each back end. */
export function calibrationSection({ comparisons = [] }: ReportData): Section | null {
  const figures = comparisons.flatMap((item) => {
    const programs = (item.calibrationTrials ?? []).filter(({ trials }) => trials.length > 0)
    return programs.length === 0 ? [] : [trialsFigure(programs, ofWhich(trainedName(item), comparisons))]
  })
  return section('calibration', 'Calibration', figures)
}

function trialsFigure(programs: readonly CalibrationTrials[], of: string): Markup {
  const ranges = programs.map((program) => {
    const found = program.trials.map(({ top1 }) => top1)
    return { name: programName(program), range: Math.max(...found) - Math.min(...found), trials: found.length }
  })
  const most = smallest(ranges, ({ range }) => -range) ?? ranges[0]
  const title = `Top-1 over calibration samples${of}.`
  return figure({
    title,
    reading: `The choice of calibration images moves ${most.name} most: ${percent(most.range)} points over ${most.trials} trials.`,
    charts: [
      dotPlot(
        title,
        'top-1, %',
        programs.map((program) => ({
          label: programName(program),
          dots: program.trials.map(({ seed, images, batch, top1 }) => ({
            value: top1 * 100,
            series: 0,
            title: `${percent(top1)} %: seed ${seed}, ${images} images in batches of ${batch}`,
          })),
        })),
      ),
    ],
    numbers: {
      header: ['back end', 'bits', 'seed', 'images', 'batch', 'top-1 %', 'SQNR dB'],
      rows: programs.flatMap(({ backend, bits, trials }) =>
        trials.map(({ seed, images, batch, top1, sqnrDb }) => [
          backend,
          bits,
          seed,
          images,
          batch,
          percent(top1),
          decibels(sqnrDb),
        ]),
      ),
    },
  })
}
