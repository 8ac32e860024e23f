import type { EpochMetrics } from '../../quant/trim/trainer.ts'
import { type Line, lineChart } from '../charts/lineChart.ts'
import { legend } from '../charts/svg.ts'
import type { ReportData, TrainingRun } from '../data.ts'
import { figure, type Section, section } from '../figure.ts'
import { listed, percent, plural, significant } from '../format.ts'
import { methodsOf, modelsOf, ofWhich, trainedName } from '../naming.ts'
import { distinct, groupBy, mean } from '../statistics.ts'

/** Loss, accuracy and lambda over the epochs, a figure for each model. */
export function trainingSection(data: ReportData): Section | null {
  const { runs = [] } = data
  const models = modelsOf({ ...data, comparisons: [] })
  const methods = methodsOf(data)
  const figures = models.flatMap((model) => {
    const own = runs.filter((run) => run.model === model && run.epochs.length > 0)
    if (own.length === 0) return []
    const lines = (value: (epoch: EpochMetrics) => number): Line[] =>
      own.map((run) => ({
        name: trainedName(run),
        series: methods.indexOf(run.method),
        points: run.epochs.map((epoch) => ({ x: epoch.epoch + 1, y: value(epoch) })),
      }))
    return [
      figure({
        title: `Training${ofWhich(model, models)}.`,
        reading: reading(own),
        legend: legend(methods),
        charts: [
          lineChart(
            'training loss',
            'epoch',
            lines(({ loss }) => loss),
          ),
          lineChart(
            'training accuracy, %',
            'epoch',
            lines(({ accuracy }) => accuracy * 100),
          ),
          lineChart(
            'blending coefficient lambda',
            'epoch',
            lines(({ lambda }) => lambda),
          ),
        ],
        numbers: {
          header: ['method', 'seed', 'epoch', 'loss', 'accuracy %', 'lambda', 'learning rate'],
          rows: own.flatMap(({ method, seed, epochs }) =>
            epochs.map(({ epoch, loss, accuracy, lambda, learningRate }) => [
              method,
              seed,
              epoch + 1,
              loss.toFixed(4),
              percent(accuracy),
              lambda.toFixed(3),
              significant(learningRate),
            ]),
          ),
        },
        wide: true,
      }),
    ]
  })
  return section('training', 'Training', figures)
}

function reading(runs: readonly TrainingRun[]): string {
  const ends = [...groupBy(runs, ({ method }) => method)].map(([method, group]) => {
    const last = group.map(({ epochs }) => epochs[epochs.length - 1])
    const loss = mean(last.map((epoch) => epoch.loss))
    return `${loss.toFixed(4)} and ${percent(mean(last.map(({ accuracy }) => accuracy)))} % with ${method}`
  })
  const longest = Math.max(...runs.map(({ epochs }) => epochs.length))
  const over = runs.length > ends.length ? ', means over seeds' : ''
  return `After ${plural(longest, 'epoch')}, loss and training accuracy are ${listed(ends)}${over}; ${fullQuantisation(runs)}.`
}

/** When lambda first is 1, and for which methods. */
function fullQuantisation(runs: readonly TrainingRun[]): string {
  const reached = runs.flatMap(({ method, epochs }) => {
    const full = epochs.find(({ lambda }) => lambda === 1)
    return full === undefined ? [] : [{ method, epoch: full.epoch + 1 }]
  })
  if (reached.length === 0) return 'lambda never reaches 1'
  const when = [...groupBy(reached, ({ epoch }) => String(epoch))].map(
    ([epoch, group]) => `epoch ${epoch} on (${distinct(group.map(({ method }) => method)).join(', ')})`,
  )
  return `training is fully quantised from ${listed(when)}`
}
