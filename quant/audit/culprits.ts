import { NumericError, UnsupportedError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { quantileOf } from '../affine/quantile.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import type { Scheme } from '../affine/scheme.ts'
import type { Backend } from '../integer/backend.ts'
import { calibrate } from '../integer/calibrate.ts'
import { lower, type PreparedModel, prepare } from '../integer/compile.ts'
import type { IntegerProgram, Step } from '../integer/program.ts'
import {
  against,
  type EvaluationData,
  type FloatReference,
  formatBits,
  type Job,
  type Model,
  programLogits,
  widthsOf,
} from './compare.ts'

/** What one remedy at one layer gave, measured by doing it. */
export interface Healing {
  /** A name of `remedies`. */
  readonly remedy: string
  /** Gain in top-1, a fraction: positive heals. */
  readonly gain: number
  /** Gain in SQNR of the logits, in dB. */
  readonly gainDb: number
}

/** One layer with what would heal it. */
export interface Culprit {
  /** The graph node. */
  readonly name: string
  /** Those that apply, the most healing first. */
  readonly remedies: readonly Healing[]
}

/** The layers that cost a back end most. */
export interface Culprits {
  readonly backend: string
  readonly bits: string
  /** Without any remedy, on the same images: top-1, a fraction, and SQNR of the logits in dB. */
  readonly top1: number
  readonly sqnrDb: number
  readonly layers: readonly Culprit[]
}

/** A model that passes and calibration have prepared, to be lowered in variants. */
interface Prepared extends PreparedModel {
  readonly backend: Backend
  /** Ranges estimated by the 99.9th percentile on both sides. */
  readonly clippedRanges: ReadonlyMap<string, ValueRange>
  /** The layers that have 16-bit codes already. */
  readonly wide: readonly string[]
}

/** A layer of the program: its node, weight and result. */
interface Layer {
  readonly name: string
  readonly weight: string
  readonly output: string
  readonly isWide: boolean
}

/** What differs at one layer; null where a remedy does not apply. */
type Remedy = (prepared: Prepared, layer: Layer) => Partial<Prepared> | null

/** The quantile of |w| that 'clip weights' clips at. */
const WEIGHT_QUANTILE = 0.995

/**
 * The remedies, by name, each at one layer alone: codes of 16 bits for weights and result; weight scales per output channel; the
 * range of the result at the 99.9th percentile; weights clipped at the 99.5th percentile of their magnitudes.
 */
export const remedies: Readonly<Record<string, Remedy>> = {
  '16-bit': ({ backend, wide }, { name }) => {
    if (backend.floating !== undefined || wide.includes(name)) return null
    const layer = { requantiser: 'f64-half-away', product: 'f64' } as const
    const rescale = { kind: 'requantise', requantiser: 'f64-half-away' } as const
    const islands = { layer, rescale, ...backend.islands, layers: [...wide, name] }
    return { backend: { ...withLayerWeights(backend, name, {}), islands } }
  },
  'per channel': ({ backend }, { name }) => {
    // Shift limits adjust one exponent a layer.
    const isTaken = backend.weights.granularity === 'channel' || backend.exponents !== undefined
    if (isTaken || backend.weightEstimator !== 'max') return null
    return { backend: withLayerWeights(backend, name, { granularity: 'channel' }) }
  },
  'clip activations': ({ ranges, clippedRanges }, { output }) => {
    const range = clippedRanges.get(output)
    return range === undefined ? null : { ranges: new Map([...ranges, [output, range]]) }
  },
  'clip weights': ({ parameters }, { weight }) => ({ parameters: withClippedWeight(parameters, weight) }),
}

/** Symmetric weights at one layer, as wide codes and scales per channel have them everywhere. */
function withLayerWeights(backend: Backend, name: string, scheme: Partial<Scheme>): Backend {
  const layer = { ...backend.layerWeights?.[name], signed: true, symmetric: true, ...scheme }
  return { ...backend, layerWeights: { ...backend.layerWeights, [name]: layer } }
}

function withClippedWeight(parameters: Parameters, name: string): Parameters {
  const clipped = floatParameter(parameters, name).clone()
  const { data } = clipped
  const limit = quantileOf(data.map(Math.abs), WEIGHT_QUANTILE)
  for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(data[i], -limit), limit)
  return new Map([...parameters, [name, clipped]])
}

/**
 * Finds the layers that hurt a back end most by healing one layer at a time: every remedy that applies (see `remedies`) is
 * compiled at every layer and run on the test images (a subset will do, but the same for `reference`). The `count` layers
 * whose best remedy raises the SQNR of the logits most, in that order; equal ones in the order of the network. Calibration
 * and passes are done once, before. Where a variant cannot be compiled, its remedy is left out. Throws what `compile` throws.
 *
 * Example: SQNR 10 dB, and 14 dB with 16 bits at 'fc': culprit 'fc', remedy '16-bit', gainDb 4.
 */
export function findCulprits(
  model: Model,
  job: Job,
  { calibration, test }: EvaluationData,
  reference: FloatReference,
  count = 3,
): Culprits {
  const { backend } = job
  const calibrated = prepare(model.graph, model.parameters, backend, { ...widthsOf(job), calibration })
  const program = lowered({ ...calibrated, backend }, job)
  const baseline = against(reference, programLogits(program, test), test)
  const layers = layersOf(calibrated.graph, program.header.steps)
  const prepared: Prepared = {
    ...calibrated,
    backend,
    clippedRanges: calibrate(calibrated.graph, calibrated.parameters, clipping(backend), calibration),
    wide: layers.filter(({ isWide }) => isWide).map(({ name }) => name),
  }
  const culprits = layers.map((layer): Culprit => {
    const found = Object.entries(remedies).flatMap(([remedy, change]): Healing[] => {
      const changes = change(prepared, layer)
      const logits = changes && variantLogits({ ...prepared, ...changes }, job, test)
      if (logits === null) return []
      const healed = against(reference, logits, test)
      const gainDb = healed.sqnrDb === baseline.sqnrDb ? 0 : healed.sqnrDb - baseline.sqnrDb
      return [{ remedy, gain: healed.top1 - baseline.top1, gainDb }]
    })
    return { name: layer.name, remedies: found.sort((a, b) => b.gainDb - a.gainDb) }
  })
  const healable = culprits.filter(({ remedies: found }) => found.length > 0)
  const worst = healable.sort((a, b) => b.remedies[0].gainDb - a.remedies[0].gainDb).slice(0, count)
  return { backend: backend.name, bits: formatBits(job), top1: baseline.top1, sqnrDb: baseline.sqnrDb, layers: worst }
}

/** The back end with the calibrator of the remedy 'clip activations'. */
function clipping(backend: Backend): Backend {
  return { ...backend, calibration: { ...backend.calibration, observer: { kind: 'percentile', p: 0.999 } } }
}

/** The layers on codes, in the order of the network. */
function layersOf(graph: Graph, steps: readonly Step[]): Layer[] {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  return steps.flatMap((step): Layer[] => {
    if (step.op !== 'conv' && step.op !== 'gemm') return []
    const weight = nodes.get(step.name)?.inputs[1]
    if (weight === undefined) return []
    return [{ name: step.name, weight, output: step.output, isWide: step.weight.bits === 16 }]
  })
}

function lowered(
  { graph, parameters, backend, ranges, wideRanges }: PreparedModel & { readonly backend: Backend },
  job: Job,
): IntegerProgram {
  return lower(graph, parameters, backend, { ...widthsOf(job), ranges, wideRanges })
}

/** The logits of a variant; null where it cannot be compiled. */
function variantLogits(variant: Prepared, job: Job, test: EvaluationData['test']): Float32Array | null {
  try {
    return programLogits(lowered(variant, job), test)
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof NumericError) return null
    throw error
  }
}
