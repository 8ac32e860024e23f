import type { Waterfall } from '../../quant/audit/attribution.ts'
import type { CalibrationTrials } from '../../quant/audit/calibrationTrials.ts'
import type { Culprits } from '../../quant/audit/culprits.ts'
import type { LayerSqnr } from '../../quant/audit/layerSqnr.ts'
import { percent, points, table } from '../terminal.ts'
import type { EvaluationResult } from './evaluate.ts'

/** The tables of what was asked for beside the comparison, each under its heading. */
export function formatExtras(found: Partial<Omit<EvaluationResult, 'comparison'>>): string[] {
  const { layerSqnr, waterfalls, culprits, calibrationTrials, cost, measured } = found
  return [
    ...(layerSqnr === undefined ? [] : [layerTable(layerSqnr)]),
    ...(waterfalls ?? []).map(waterfallTable),
    ...(culprits ?? []).map(culpritTable),
    ...(calibrationTrials === undefined ? [] : [trialTable(calibrationTrials)]),
    ...(cost === undefined ? [] : [costTable(cost)]),
    ...(measured === undefined ? [] : [measuredTable(measured)]),
  ]
}

function layerTable(all: readonly LayerSqnr[]): string {
  // Programs differ in their steps: a row for every layer that any of them has.
  const names = [...new Set(all.flatMap(({ layers }) => layers.map(({ name }) => name)))]
  const rows = names.map((name) => [
    name,
    ...all.map(({ layers }) => layers.find((layer) => layer.name === name)?.sqnrDb.toFixed(1) ?? ''),
  ])
  const header = ['layer', ...all.map(({ backend, bits }) => `${backend} ${bits}`)]
  return `SQNR of each layer's result against float, dB\n${table(header, rows)}`
}

function waterfallTable({ backend, bits, from, to, steps }: Waterfall): string {
  const rows = [
    ['float', '', percent(from), ''],
    ...steps.map(({ knob, change, sqnrDb }, i) => [
      knob,
      points(change),
      percent(steps.slice(0, i + 1).reduce((top1, step) => top1 + step.change, from)),
      sqnrDb.toFixed(1),
    ]),
    [backend, points(to - from), percent(to), ''],
  ]
  return `${backend} ${bits}: from float, one knob at a time\n${table(['knob', 'change', 'top-1 %', 'SQNR dB'], rows, 1)}`
}

function culpritTable({ backend, bits, layers }: Culprits): string {
  const rows = layers.flatMap(({ name, remedies }) =>
    remedies.map(({ remedy, gain, gainDb }, i) => [i === 0 ? name : '', remedy, points(gain), signed(gainDb)]),
  )
  return `${backend} ${bits}: the layers that hurt most, each healed alone\n${table(['layer', 'remedy there', 'top-1 gain', 'SQNR gain dB'], rows)}`
}

function trialTable(all: readonly CalibrationTrials[]): string {
  const rows = all.map(({ backend, bits, trials, top1, sqnrDb }) => [
    backend,
    bits,
    String(trials.length),
    percent(top1.least),
    percent(top1.median),
    percent(top1.greatest),
    percent(top1.deviation),
    sqnrDb.least.toFixed(1),
    sqnrDb.greatest.toFixed(1),
  ])
  const header = [
    'back end',
    'bits',
    'trials',
    'least top-1 %',
    'median',
    'greatest',
    'deviation',
    'least dB',
    'greatest dB',
  ]
  return `Calibration repeated over other images, sizes and batches\n${table(header, rows)}`
}

function costTable({ source, rows }: NonNullable<EvaluationResult['cost']>): string {
  const header = ['back end', 'bits', 'MACs', 'weights kB', 'activations kB', 'crossings', 'energy uJ', 'latency ms']
  const body = rows.map((row) => [
    row.backend,
    row.bits,
    Object.entries(row.macs)
      .map(([precision, count]) => `${precision}: ${count}`)
      .join(', '),
    (row.weightBytes / 1000).toFixed(1),
    (row.activationBytes / 1000).toFixed(1),
    String(row.crossings),
    row.energyUj.toPrecision(3),
    row.latencyMs.toPrecision(3),
  ])
  return `Cost of one inference by a model. ${source}\n${table(header, body)}`
}

function measuredTable(rows: NonNullable<EvaluationResult['measured']>): string {
  const header = ['back end', 'bits', 'median ms', 'p95 ms', 'images/s', 'memory kB']
  const body = rows.map((row) => [
    row.backend,
    row.bits,
    row.medianMs.toFixed(3),
    row.p95Ms.toFixed(3),
    row.imagesPerSecond.toFixed(0),
    (row.memoryBytes / 1000).toFixed(1),
  ])
  return `Measured here: our own runtime on one thread\n${table(header, body)}`
}

function signed(decibels: number): string {
  return `${decibels > 0 ? '+' : ''}${decibels.toFixed(2)}`
}
