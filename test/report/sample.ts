import { summarise } from '../../quant/audit/compare.ts'
import type { TrimEvent } from '../../quant/trim/reversePruning.ts'
import type { LayerSqnr, ModelComparison, ReportData, TrainingRun } from '../../report/data.ts'

/** A report with everything in it. The figures are invented, repeatable, and of plausible sizes. */

const methods = ['float', 'qat', 'quant-trim', 'quant-trim-no-pruning']
const backends = ['dsp-asym-tensor', 'onnx-spec', 'pow2-tensor-npu', 'tfl-int8-q31', 'tflm', 'xnnpack-x86']
const layers = [
  'conv1',
  ...[0, 1, 2].flatMap((stage) =>
    [0, 1].flatMap((block) => [1, 2].map((conv) => `stages.${stage}.blocks.${block}.conv${conv}`)),
  ),
  'classifier.fully_connected_with_a_long_name',
]

/** A repeatable number in [0, 1). */
function noise(...keys: number[]): number {
  let state = 17
  for (const key of keys) state = (state * 48271 + key * 16807 + 11) % 2147483647
  for (let i = 0; i < 3; i++) state = (state * 48271) % 2147483647
  return (state % 100000) / 100000
}

function histogram(spread: number, tau: number): TrimEvent['histogram'] {
  const before = Array.from({ length: 40 }, (_, bin) => Math.floor(4000 / (1 + (bin * bin) / (spread * spread)) ** 2))
  const cut = Math.floor(tau * 40)
  const after = before.map((count, bin) =>
    bin < cut ? count : bin === cut ? before.slice(cut).reduce((a, b) => a + b, 0) : 0,
  )
  return { limit: 0.8, before, after }
}

function trims(seed: number): TrimEvent[] {
  return [2, 5, 9].flatMap((epoch) =>
    layers.map((layer, i) => {
      const tau = 0.3 + 0.6 * noise(seed, epoch, i)
      return {
        epoch,
        kind: i % 3 === 2 ? ('gains' as const) : ('weights' as const),
        parameter: `${layer}.weight`,
        tau: tau * 0.8,
        clipped: Math.floor((i % 3 === 2 ? 9 : 400) * noise(i, epoch)),
        total: i % 3 === 2 ? 64 : 14400,
        scaleBefore: 0.8 / 127,
        scaleAfter: (tau * 0.8) / 127,
        histogram: histogram(3 + 5 * noise(i), tau),
      }
    }),
  )
}

function run(method: string, seed: number): TrainingRun {
  const m = methods.indexOf(method)
  return {
    model: 'resnet20',
    method,
    seed,
    trims: method === 'quant-trim' ? trims(seed) : [],
    epochs: Array.from({ length: 12 }, (_, epoch) => ({
      epoch,
      loss: 2.3 / (1 + epoch * (0.5 + 0.05 * m)) + 0.05 * noise(seed, epoch, m),
      accuracy: 1 - 0.9 / (1 + epoch * 0.6) - 0.02 * noise(m, seed, epoch),
      lambda: method === 'float' ? 0 : Math.min(1, (epoch / 10) ** 2),
      learningRate: 0.1 * (1 - epoch / 12),
    })),
  }
}

function layerSqnr(bits: string): LayerSqnr[] {
  return backends.map((backend, b) => ({
    backend,
    bits,
    layers: layers.map((name, i) => ({
      name,
      sqnrDb: b === 1 && i === 0 ? null : 34 - i - 8 * noise(b, i, bits.length) - (bits === 'W4A8' ? 12 : 0),
    })),
  }))
}

function comparison(method: string, seed: number): ModelComparison {
  const m = methods.indexOf(method)
  const float = { top1: 0.912 + 0.01 * noise(seed, m), brier: 0.131, ece: 0.021 }
  const results = ['W8A8', 'W4A8'].flatMap((bits, w) =>
    backends.map((name, b) => {
      const drop = (w === 0 ? -0.004 : -0.12 / (m + 1)) * (0.3 + noise(m, b, seed, w)) + (b === 1 ? 0.003 : 0)
      return {
        name,
        bits,
        top1: float.top1 + drop,
        brier: 0.14,
        ece: 0.03,
        drop,
        logitMse: 0.01 * (1 + 20 * w) * (1 + noise(b)),
        sqnrDb: 30 - 14 * w + 6 * noise(b, m, seed),
      }
    }),
  )
  return {
    model: 'resnet20',
    method,
    seed,
    comparison: { float, backends: results, summary: summarise(results) },
    ...(method === 'quant-trim' && seed === 0 && details),
  }
}

function macs(inFloat: number): Record<string, number> {
  return inFloat === 0 ? { '8x8': 40_500_000 } : { '8x8': 40_500_000 - inFloat, float32: inFloat }
}

const details: Partial<ModelComparison> = {
  layerSqnr: [...layerSqnr('W8A8'), ...layerSqnr('W4A8')],
  waterfalls: [
    {
      backend: 'pow2-tensor-npu',
      bits: 'W4A8',
      from: 0.9132,
      to: 0.8547,
      steps: [
        { knob: 'weights', change: -0.0213, sqnrDb: 18.2 },
        { knob: 'granularity', change: -0.0251, sqnrDb: 14.9 },
        { knob: 'scale form', change: -0.0102, sqnrDb: 13.1 },
        { knob: 'activations', change: -0.0044, sqnrDb: 12.8 },
        { knob: 'calibration', change: 0.0031, sqnrDb: 13.4 },
        { knob: 'rounding', change: -0.0006, sqnrDb: 13.3 },
        { knob: 'accumulator', change: 0 },
      ],
    },
  ],
  culprits: [
    {
      backend: 'pow2-tensor-npu',
      bits: 'W4A8',
      layers: layers.slice(0, 3).map((name, i) => ({
        name,
        remedies: ['16-bit', 'per channel', 'clip'].map((remedy, r) => ({
          remedy,
          gain: 0.03 * noise(i, r) - 0.002,
          gainDb: 2 * noise(r, i),
        })),
      })),
    },
  ],
  calibrationTrials: backends.slice(0, 4).map((backend, b) => ({
    backend,
    bits: 'W8A8',
    trials: Array.from({ length: 9 }, (_, seed) => ({
      seed,
      images: [32, 128, 512][seed % 3],
      batch: 32,
      top1: 0.905 + 0.012 * noise(b, seed),
      sqnrDb: 24 + noise(seed, b),
    })),
  })),
  measured: backends.slice(0, 3).map((backend, b) => ({
    backend,
    bits: 'W8A8',
    medianMs: 1.8 + 0.2 * b,
    p95Ms: 2.3 + 0.3 * b,
    imagesPerSecond: 540 - 40 * b,
    memoryBytes: 131072 + 1000 * b,
  })),
  cost: {
    source: 'Energies per operation at 45 nm from Horowitz, ISSCC 2014, table 1.',
    rows: backends.map((backend, b) => ({
      backend,
      bits: 'W8A8',
      macs: macs(b === 2 ? 500_000 : 0),
      weightBytes: 272_474,
      activationBytes: 380_000,
      crossings: b === 2 ? 2 : 0,
      energyUj: 9.6 + b,
      latencyMs: 0.4 + 0.05 * b,
    })),
  },
}

/** Four methods, three seeds, all sections. */
export const sample: ReportData = {
  title: 'ResNet-20 on CIFAR-10: four methods on six back ends',
  command: 'quant-trim experiment experiments/cifar10.json --workers 2',
  versions: { 'quant-trim': '0.1.0', node: 'v20.19.0' },
  notes: ['Invented figures: this page shows what a report looks like.', '10000 test images; 128 for calibration.'],
  runs: methods.flatMap((method) => [0, 1, 2].map((seed) => run(method, seed))),
  comparisons: methods.flatMap((method) => [0, 1, 2].map((seed) => comparison(method, seed))),
}
