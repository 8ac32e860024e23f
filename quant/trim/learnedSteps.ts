import { FormatError, UsageError } from '../../engine/base/errors.ts'
import { type FloatTensor, tensor, zeros } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import type { Tap } from '../../engine/graph/interpreter.ts'
import { quantisationPoints, type WeightPoint } from '../affine/points.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import { type CodeRange, codeRange } from '../affine/scheme.ts'
import { learnedStep } from './learnedStep.ts'
import type { MethodOptions } from './methods.ts'
import type { Simulator } from './simulator.ts'

/** No step is smaller: an update could otherwise take it to 0 or past it. */
const SMALLEST_STEP = 2 ** -23

/** The step of one activation. */
interface ActivationStep {
  /** One element; 0 until the first batch that is quantised. */
  readonly step: FloatTensor
  /** Whether that batch held a negative value, which decides between signed and unsigned codes. */
  signed: boolean
}

/**
 * What training with LSQ sees of quantisation (arXiv 1902.08153): weights with a step per tensor or output channel,
 * codes signed and narrow; activations with one step, signed codes, or unsigned ones where the first batch had no
 * negative value. Steps begin, at the first step of training whose lambda is not 0, as 2 mean|v| / sqrt(qmax) of the
 * tensor as it is then, and are trained from there on with the other parameters. After an update a step s stands for
 * max(|s|, 2^-23). There is no blend: what is quantised is quantised fully.
 *
 * Example: 8 bits, unsigned, an activation of mean 0.5: s = 1 / sqrt(255) = 0.0626.
 */
export class LearnedSteps implements Simulator {
  readonly #weightCodes: CodeRange
  readonly #activationBits: number
  readonly #perChannel: boolean
  readonly #points: ReadonlyMap<string, WeightPoint>
  readonly #weights = new Map<string, FloatTensor>()
  readonly #activations: ReadonlyMap<string, ActivationStep>

  /** Throws `UsageError` for a curriculum that blends. */
  constructor(graph: Graph, { weightBits, activationBits, weightGranularity, curriculum }: MethodOptions) {
    if (curriculum.kind === 'progressive') {
      throw new UsageError("learned steps have no blend: use them with curriculum 'step', not 'progressive'")
    }
    this.#weightCodes = codeRange({ bits: weightBits, signed: true, narrow: true })
    this.#activationBits = activationBits
    this.#perChannel = weightGranularity === 'channel'
    const points = quantisationPoints(graph)
    this.#points = new Map(points.weights.map((point) => [point.parameter, point]))
    const shapes = new Map(graph.parameters.map(({ name, shape }) => [name, shape]))
    for (const [name, { axis }] of this.#points) {
      const channels = shapes.get(name)?.[axis] ?? 1
      this.#weights.set(name, zeros([this.#perChannel ? channels : 1], { requiresGrad: true }))
    }
    this.#activations = new Map(
      points.activations.map((name) => [name, { step: zeros([1], { requiresGrad: true }), signed: true }]),
    )
  }

  /** The steps, for the optimiser: '<weight or tensor>.step_size'. */
  trainable(): Map<string, FloatTensor> {
    const named = (name: string, step: FloatTensor): [string, FloatTensor] => [`${name}.step_size`, step]
    return new Map([
      ...[...this.#weights].map(([name, step]) => named(name, step)),
      ...[...this.#activations].map(([name, { step }]) => named(name, step)),
    ])
  }

  tap(lambda: number): Tap {
    if (lambda === 0) return {}
    return {
      parameter: (name, w) => {
        const step = this.#weights.get(name)
        if (step === undefined) return w
        const { axis } = this.#points.get(name) as WeightPoint
        const codes = this.#weightCodes
        if (step.data[0] === 0) begin(step, w, this.#perChannel ? axis : null, codes)
        keepPositive(step)
        return learnedStep(w, step, codes, {
          axis: this.#perChannel ? axis : null,
          count: w.size / step.size,
        })
      },
      value: (name, x) => {
        const activation = this.#activations.get(name)
        if (activation === undefined) return x
        const { step } = activation
        if (step.data[0] === 0) {
          activation.signed = x.data.some((value) => value < 0)
          begin(step, x, null, this.#codesOf(activation))
        }
        keepPositive(step)
        return learnedStep(x, step, this.#codesOf(activation), { axis: null, count: x.size / (x.shape[0] ?? 1) })
      },
    }
  }

  ranges(): Map<string, ValueRange> {
    return new Map(
      [...this.#activations].flatMap(([name, activation]): [string, ValueRange][] => {
        const { qmin, qmax } = this.#codesOf(activation)
        const s = Math.abs(activation.step.data[0])
        return s === 0 ? [] : [[name, { lo: Math.fround(s * qmin), hi: Math.fround(s * qmax) }]]
      }),
    )
  }

  /** The steps of each weight, and for each activation a tensor [step, signed]. */
  state(): Map<string, FloatTensor> {
    return new Map([
      ...[...this.#weights].map(([name, step]): [string, FloatTensor] => [name, tensor(step.data)]),
      ...[...this.#activations].map(([name, { step, signed }]): [string, FloatTensor] => [
        name,
        tensor([step.data[0], signed ? 1 : 0]),
      ]),
    ])
  }

  loadState(state: ReadonlyMap<string, FloatTensor>): void {
    for (const [name, { data }] of state) {
      const weight = this.#weights.get(name)
      const activation = this.#activations.get(name)
      if (weight?.size === data.length) weight.data.set(data)
      else if (activation !== undefined && data.length === 2) {
        activation.step.data[0] = data[0]
        activation.signed = data[1] === 1
      } else throw new FormatError(`resume: the saved state has a step of '${name}', which this model does not have`)
    }
  }

  #codesOf({ signed }: ActivationStep): CodeRange {
    return codeRange({ bits: this.#activationBits, signed })
  }
}

/** step[c] = 2 mean|v| / sqrt(qmax) over channel c, in double, ascending, rounded once. */
function begin(step: FloatTensor, v: FloatTensor, axis: number | null, { qmax }: CodeRange): void {
  const channels = step.size
  const inner = axis === null ? v.size : v.shape.slice(axis + 1).reduce((product, extent) => product * extent, 1)
  const sums = new Float64Array(channels)
  const { data } = v
  for (let start = 0, c = 0; start < data.length; start += inner, c = (c + 1) % channels) {
    for (let i = start; i < start + inner; i++) sums[c] += Math.abs(data[i])
  }
  const count = v.size / channels
  for (let c = 0; c < channels; c++) step.data[c] = (2 * sums[c]) / count / Math.sqrt(qmax)
}

function keepPositive({ data }: FloatTensor): void {
  for (let c = 0; c < data.length; c++) data[c] = Math.max(Math.abs(data[c]), SMALLEST_STEP)
}
