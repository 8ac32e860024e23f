import { NumericError, UnsupportedError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import { foldBatchNorm } from '../../engine/graph/foldBatchNorm.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import type { Scheme } from '../affine/scheme.ts'
import { onnxSpec } from '../backends/onnxSpec.ts'
import type { Backend } from '../integer/backend.ts'
import { compile } from '../integer/compile.ts'
import { quantisedTap } from '../passes/quantisedTap.ts'
import {
  against,
  collectLogits,
  type EvaluationData,
  type FloatReference,
  formatBits,
  type Job,
  type Model,
  programLogits,
  widthsOf,
} from './compare.ts'

/** One knob turned from its ideal to what the back end has. */
export interface WaterfallStep {
  /** Names joined by ' + ' where a back end in between could not be compiled. */
  readonly knob: string
  /** Change of top-1 that it brought, a fraction: negative is a loss. */
  readonly change: number
  /** SQNR of the logits against float with this knob and all before turned, in dB; Infinity where equal. */
  readonly sqnrDb: number
}

/** From the float model to a back end's result. */
export interface Waterfall {
  readonly backend: string
  readonly bits: string
  /** Top-1 of the float model, a fraction. */
  readonly from: number
  /** Top-1 on the back end: `from` plus all changes. */
  readonly to: number
  readonly steps: readonly WaterfallStep[]
}

/** A rung of the ladder: what is run once a knob is turned. */
interface Rung {
  readonly knob: string
  /** Only weights are quantised, by this scheme; activations are float. */
  readonly weights?: Scheme
  readonly backend?: Backend
}

/**
 * A ladder from float to a back end, one knob a rung; each keeps what earlier ones turned. The order is part of the result: the same
 * knobs in another order would share the loss out differently.
 *
 * 1. weights: quantised per channel, symmetric, float scales; activations stay float.
 * 2. granularity: the back end's granularity and code range of weights, float scales still.
 * 3. activations: codes of the back end's width, asymmetric, float scales, ranges of least squared error, with f32 arithmetic
 *    rounded to even and exact sums (that of `onnx-spec`); operators without such arithmetic run in float.
 * 4. scale form: the back end's schemes (symmetric, powers of two ...), their limits and estimator.
 * 5. calibration: its observers. 6. passes: what it does to the model before (equalisation ...).
 * 7. fallback: its coverage, fallback and 16-bit islands.
 * 8. rounding: its arithmetic: requantiser, roundings, bias, tables ... 9. accumulator: its saturation. This is the back end.
 *
 * A back end whose activations are real numbers has 1, 2, and 'activations', which is itself.
 */
function ladder({ backend: target, weightBits }: Job): Rung[] {
  const floatScale = ({ scaleForm: _, ...scheme }: Scheme): Scheme => scheme
  const weights = { ...floatScale(target.weights), bits: weightBits }
  const rungs: Rung[] = [
    { knob: 'weights', weights: { bits: weightBits, signed: true, symmetric: true, granularity: 'channel' } },
    { knob: 'granularity', weights },
  ]
  if (target.floating !== undefined) return [...rungs, { knob: 'activations', backend: target }]
  const { bits } = target.activations
  const { mul, mean, softmax, tables, rescale } = onnxSpec
  let current: Backend = {
    ...onnxSpec,
    name: target.name,
    activations: { bits, signed: false, symmetric: false, granularity: 'tensor' },
    weights: floatScale(target.weights),
    gemmWeights: target.gemmWeights && floatScale(target.gemmWeights),
    weightBits: target.weightBits,
    activationBits: target.activationBits,
    calibration: { ...target.calibration, observer: { kind: 'mse', bits }, inputObserver: undefined },
    fallback: { format: 'f32' },
  }
  const turn = (knob: string, changes: Partial<Backend>): void => {
    current = { ...current, ...changes }
    rungs.push({ knob, backend: current })
  }
  turn('activations', {})
  const { activations, gemmWeights, weightEstimator, minimumRange, exponents, multipliers, concat } = target
  turn('scale form', {
    activations,
    weights: target.weights,
    gemmWeights,
    weightEstimator,
    minimumRange,
    exponents,
    multipliers,
    concat,
    rescale: rescale ?? { kind: 'qdq' },
  })
  turn('calibration', { calibration: target.calibration })
  turn('passes', { passes: target.passes })
  const operators = onnxSpec.operators.filter((operator) => target.operators.includes(operator))
  turn('fallback', { operators, fallback: target.fallback ?? { format: 'f32' }, islands: target.islands })
  // Rules that the back end does not have stay, for operators that only the ideal arithmetic knows.
  const kept = { mul, mean, softmax, tables }
  turn('rounding', { ...kept, ...target, accumulator: current.accumulator })
  turn('accumulator', target)
  return rungs
}

/**
 * Explains the loss of one back end: from the float model to its result, turning one knob at a time (see `ladder` for knobs and
 * order), each compiled and run on all test images. Knobs that change nothing in the back end cost nothing and are
 * listed with 0. Where a back end in between cannot be compiled, its knob is joined with the next. Throws what `compile` throws
 * for the back end itself.
 *
 * Example: float 0.80, per-channel weights 0.79, granularity per tensor 0.70, ... back end 0.69: changes -0.01, -0.09, ...
 */
export function attribute(model: Model, job: Job, data: EvaluationData, reference: FloatReference): Waterfall {
  const steps: WaterfallStep[] = []
  let top1 = reference.quality.top1
  let sqnrDb = Number.POSITIVE_INFINITY
  let pending: string[] = []
  let last = ''
  const rungs = ladder(job)
  for (const [i, rung] of rungs.entries()) {
    pending.push(rung.knob)
    const content = JSON.stringify({ ...rung, knob: '' })
    if (content !== last) {
      const logits = logitsOf(model, rung, job, data, i === rungs.length - 1)
      if (logits === null) continue
      const found = against(reference, logits, data.test)
      steps.push({ knob: pending.join(' + '), change: found.top1 - top1, sqnrDb: found.sqnrDb })
      top1 = found.top1
      sqnrDb = found.sqnrDb
      last = content
    } else {
      steps.push({ knob: pending.join(' + '), change: 0, sqnrDb })
    }
    pending = []
  }
  return { backend: job.backend.name, bits: formatBits(job), from: reference.quality.top1, to: top1, steps }
}

/** The logits of a rung; null where it cannot be compiled, unless it is the last. */
function logitsOf(
  model: Model,
  { weights, backend }: Rung,
  job: Job,
  { calibration, test }: EvaluationData,
  isLast: boolean,
): Float32Array | null {
  if (backend === undefined) return weightOnlyLogits(model, weights as Scheme, test)
  try {
    const program = compile(model.graph, model.parameters, backend, { ...widthsOf(job), calibration })
    return programLogits(program, test)
  } catch (error) {
    if (isLast || !(error instanceof UnsupportedError || error instanceof NumericError)) throw error
    return null
  }
}

/** The logits of the float model with quantised weights. */
function weightOnlyLogits(model: Model, weights: Scheme, test: EvaluationData['test']): Float32Array {
  const { graph, parameters } = foldBatchNorm(model.graph, model.parameters)
  const tap = quantisedTap(graph, { weights })
  const [input] = graph.inputs
  return collectLogits(test, (images) =>
    scope(
      () =>
        noGrad(() => runGraph(graph, parameters, { [input.name]: images }, { tap }))[graph.outputs[0]] as FloatTensor,
    ),
  )
}
