import { UsageError } from '../../engine/base/errors.ts'
import { type Job, jobsOf, type Widths } from '../../quant/audit/compare.ts'
import { comparedNames, findBackend } from '../../quant/backends/index.ts'
import { numberOf, type OptionSpecs, type ParsedOptions, textOf } from '../options.ts'
import type { Extras } from './evaluate.ts'

/** The options that say what is evaluated. */
export const evaluationOptions: OptionSpecs = {
  limit: { type: 'integer', minimum: 1, description: 'use only the first N test images' },
  backends: {
    type: 'string',
    value: 'LIST',
    default: comparedNames.join(','),
    description: 'back ends, comma-separated',
  },
  bits: {
    type: 'string',
    value: 'LIST',
    default: '8,4',
    description: "weight bits, comma-separated; w4a4 for other activation bits than a back end's usual",
  },
  calibration: {
    type: 'integer',
    minimum: 1,
    default: 128,
    description: 'training images that back ends calibrate on',
  },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'of the choice of calibration images' },
  layers: { type: 'boolean', description: "each layer's SQNR against float" },
  attribute: {
    type: 'boolean',
    description: 'what each knob of a back end costs, and which layers hurt most with what would heal them',
  },
  'calibration-trials': {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    default: 0,
    description: 'repeat calibration N times over other images, sizes and batches',
  },
  probes: {
    type: 'integer',
    minimum: 1,
    default: 200,
    description: 'test images, from the first, for layers, attribution and calibration trials',
  },
  cost: { type: 'boolean', description: 'what an inference would cost by a stated model' },
  measure: { type: 'boolean', description: 'latency, throughput and memory of our own runtime, one thread' },
}

/** What is evaluated, apart from model and images. */
export interface EvaluationSettings {
  readonly jobs: readonly Job[]
  readonly calibration: number
  readonly seed: number
  readonly probes: number
  readonly extras: Extras
  /** Test images used; undefined: all. */
  readonly limit: number | undefined
}

/** Reads the options above. Throws `UsageError` for unknown back ends and widths, `UnsupportedError` for widths that no back end has. */
export function evaluationFrom({ values }: Pick<ParsedOptions, 'values'>): EvaluationSettings {
  const backends = listOf(textOf(values, 'backends')).map(findBackend)
  return {
    jobs: jobsOf(backends, listOf(textOf(values, 'bits')).map(widthsFrom)),
    calibration: numberOf(values, 'calibration'),
    seed: numberOf(values, 'seed'),
    probes: numberOf(values, 'probes'),
    extras: {
      layers: values.layers === true,
      attribution: values.attribute === true,
      trials: numberOf(values, 'calibration-trials'),
      cost: values.cost === true,
      measure: values.measure === true,
    },
    limit: values.limit as number | undefined,
  }
}

function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim())
}

/** Weight bits as a number; whether a back end has such weights is the back end's to say. */
export function bitsOf(text: string): number {
  const bits = Number(text)
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    throw new UsageError(`--bits ${text}: wanted integers from 2 to 16, for example 8,4, or w4a4`)
  }
  return bits
}

/** Widths of codes: '4', or 'w4a4' with the activations'. */
function widthsFrom(text: string): Widths {
  const match = /^w(\d+)a(\d+)$/i.exec(text)
  if (match === null) return { weightBits: bitsOf(text) }
  return { weightBits: bitsOf(match[1]), activationBits: bitsOf(match[2]) }
}
