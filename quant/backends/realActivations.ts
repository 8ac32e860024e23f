import type { Backend } from '../integer/backend.ts'

/**
 * What back ends have in common whose activations are real numbers between the layers: `operators` are the layers, all else is
 * computed in the format of `floating`. The rules of integer operators are those that would hold, and are not used.
 * Example: with floating { format: 'f32', layers: 'dynamic' }, a Relu is a float step.
 */
export const realActivations = {
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  bias: { kind: 'float' },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-even' },
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  layers: {
    conv: { requantiser: 'f32-half-even', product: 'f32' },
    depthwise: { requantiser: 'f32-half-even', product: 'f32' },
    gemm: { requantiser: 'f32-half-even', product: 'f32' },
  },
  add: { kind: 'qdq' },
  averagePool: { kind: 'qdq' },
  globalAveragePool: { kind: 'qdq' },
  concat: 'shared',
  operators: ['Conv', 'Gemm', 'MatMul'],
} as const satisfies Partial<Backend>
