import type { TrimEvent } from '../../quant/trim/reversePruning.ts'
import { histogramLegend, histogramPair } from '../charts/histogramPair.ts'
import type { ReportData, TrainingRun } from '../data.ts'
import { figure, groupedSection, numbersTable, type Section } from '../figure.ts'
import { count, percent, plural, signed, significant } from '../format.ts'
import type { Markup } from '../html.ts'
import { trainedName, trainingName } from '../naming.ts'
import { groupBy, smallest } from '../statistics.ts'

/** Layers that are drawn: those whose scale fell most. */
const DRAWN = 12

/**
 * What trimming did, layer by layer. Of several seeds the first is shown in full: histograms and every event; the others
 * layer by layer.
 */
export function trimmingSection({ runs = [] }: ReportData): Section | null {
  const trimmed = runs.filter(({ trims }) => trims.length > 0)
  const groups = [...groupBy(trimmed, trainingName)].map(([name, seeds]) => ({
    name,
    figures: seeds.flatMap((run, i) =>
      i === 0 ? [...histogramFigure(run), logFigure(run, true)] : [logFigure(run, false)],
    ),
  }))
  return groupedSection('trimming', 'Trimming', groups)
}

/** By parameter and kind. */
function layersOf({ trims }: TrainingRun): TrimEvent[][] {
  return [...groupBy(trims, ({ parameter, kind }) => JSON.stringify([parameter, kind])).values()]
}

/** Relative change of the scale: -0.25 for a scale that lost a quarter; 0 where it was 0. */
function scaleChange(before: number, after: number): number {
  return before === 0 ? 0 : after / before - 1
}

function eventChange({ scaleBefore, scaleAfter }: TrimEvent): number {
  return scaleChange(scaleBefore, scaleAfter)
}

const axes = { weights: '|W|', gains: '|W| folded with batch norm' }
const units = { weights: 'weights', gains: 'channels' }

function histogramFigure(run: TrainingRun): Markup[] {
  const strongest = layersOf(run)
    // Logs of earlier versions have no histograms.
    .map((events) =>
      smallest(
        events.filter(({ histogram }) => histogram !== undefined),
        eventChange,
      ),
    )
    .filter((event) => event !== undefined)
  const drawn = [...strongest].sort((a, b) => eventChange(a) - eventChange(b)).slice(0, DRAWN)
  if (drawn.length === 0) return []
  const [most] = drawn
  const left = strongest.length - drawn.length
  const rest = left > 0 ? ` ${plural(left, 'further layer')} changed less.` : ''
  return [
    figure({
      title: `Weights before and after trimming: ${trainedName(run)}.`,
      reading: `Each layer at the trimming that lowered its scale most: most of all ${most.parameter} (${most.kind}) in epoch ${most.epoch + 1}, ${change(eventChange(most))}, by clipping ${count(most.clipped)} of ${count(most.total)} ${units[most.kind]} to ${significant(most.tau)}.${rest} Heights grow with the root of the count.`,
      legend: histogramLegend(),
      charts: drawn.map(({ parameter, kind, epoch, tau, histogram }) =>
        histogramPair({
          title: parameter,
          axis: `${axes[kind]}, epoch ${epoch + 1}`,
          limit: histogram.limit,
          before: histogram.before,
          after: histogram.after,
          threshold: tau,
          thresholdLabel: `τ ${significant(tau)}`,
        }),
      ),
      numbers: {
        header: ['layer', 'kind', 'epoch', 'largest', 'when', 'count in each of the equal bins from 0 to the largest'],
        rows: drawn.flatMap(({ parameter, kind, epoch, histogram: { limit, before, after } }) => [
          [parameter, kind, epoch + 1, significant(limit), 'before', before.join(' ')],
          [parameter, kind, epoch + 1, significant(limit), 'after', after.join(' ')],
        ]),
      },
      wide: true,
    }),
  ]
}

function change(relative: number): string {
  return `${signed(relative * 100, 1)} %`
}

function logFigure(run: TrainingRun, everyEvent: boolean): Markup {
  const layers = layersOf(run).map((events) => {
    const [first] = events
    const last = events[events.length - 1]
    return {
      first,
      last,
      events: events.length,
      clipped: events.reduce((sum, { clipped }) => sum + clipped, 0),
      handled: events.reduce((sum, { total }) => sum + total, 0),
      change: scaleChange(first.scaleBefore, last.scaleAfter),
    }
  })
  const most = smallest(layers, (layer) => layer.change) ?? layers[0]
  const table = numbersTable({
    header: [
      'layer',
      'kind',
      'trimmings',
      'clipped',
      'of these, %',
      'first threshold',
      'last',
      'first scale',
      'last',
      'change',
    ],
    rows: layers.map(({ first, last, events, clipped, handled, change: whole }) => [
      first.parameter,
      first.kind,
      events,
      clipped,
      percent(handled === 0 ? 0 : clipped / handled),
      significant(first.tau),
      significant(last.tau),
      significant(first.scaleBefore),
      significant(last.scaleAfter),
      change(whole),
    ]),
  })
  const events = run.trims.map((event) => [
    event.epoch + 1,
    event.parameter,
    event.kind,
    significant(event.tau),
    event.clipped,
    event.total,
    significant(event.scaleBefore),
    significant(event.scaleAfter),
    change(eventChange(event)),
  ])
  const where = everyEvent ? '' : ` The numbers are of the last trimming; every event is in the run's trim.jsonl.`
  return figure({
    title: `Trim log: ${trainedName(run)}.`,
    reading: `Over ${plural(run.trims.length, 'event')} the scale of ${most.first.parameter} (${most.first.kind}) changed most, from ${significant(most.first.scaleBefore)} to ${significant(most.last.scaleAfter)} (${change(most.change)}), training between the trimmings included.${where}`,
    charts: [table],
    numbers: {
      header: ['epoch', 'layer', 'kind', 'threshold', 'clipped', 'of', 'scale before', 'scale after', 'change'],
      rows: everyEvent ? events : events.filter((_, i) => run.trims[i].epoch === run.trims[run.trims.length - 1].epoch),
    },
    wide: true,
  })
}
