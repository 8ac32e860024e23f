import { FormatError } from '../../engine/base/errors.ts'
import { type FloatTensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import type { Tap } from '../../engine/graph/interpreter.ts'
import { fakeQuantise } from '../affine/fakeQuantise.ts'
import { EmaQuantileObserver } from '../affine/observers/emaQuantile.ts'
import { quantisationPoints, type WeightPoint } from '../affine/points.ts'
import { quantiserFromRange, type ValueRange } from '../affine/quantiser.ts'
import type { Scheme } from '../affine/scheme.ts'
import { weightQuantiser } from '../affine/weightQuantiser.ts'
import type { MethodOptions } from './methods.ts'

/** What training sees of quantisation, and what it learns about it. */
export interface Simulator {
  /** The hooks of one training step: `observe` lets observers see it; lambda in [0, 1], 0 changes no value. */
  tap(lambda: number, observe: boolean): Tap
  /** The learned range of each activation point that has been seen. */
  ranges(): Map<string, ValueRange>
  /** What a resumed run needs, by the name of the weight or tensor. */
  state(): Map<string, FloatTensor>
  /** Takes over what `state` returned. Throws `FormatError` for a name that the graph does not have. */
  loadState(state: ReadonlyMap<string, FloatTensor>): void
}

/**
 * At each quantisation point of a graph the weight or activation is blended with its
 * fake-quantised self, x + lambda (x^ - x). Weights take their scale from the weight as it is; activations from an
 * observer of the tensor before blending.
 */
export class QuantisationSimulator implements Simulator {
  readonly #options: MethodOptions
  readonly #weights: ReadonlyMap<string, WeightPoint>
  readonly #observers: ReadonlyMap<string, EmaQuantileObserver>

  constructor(graph: Graph, options: MethodOptions) {
    this.#options = options
    const points = quantisationPoints(graph)
    this.#weights = new Map(points.weights.map((point) => [point.parameter, point]))
    const { observerBeta: beta, observerQuantile: p } = options
    this.#observers = new Map(points.activations.map((name) => [name, new EmaQuantileObserver({ beta, p })]))
  }

  tap(lambda: number, observe: boolean): Tap {
    const { weightBits, activationBits, weightGranularity, activationSymmetric, ste } = this.#options
    const weights: Scheme = {
      bits: weightBits,
      signed: true,
      symmetric: true,
      narrow: true,
      granularity: weightGranularity,
    }
    const activations: Scheme = {
      bits: activationBits,
      signed: true,
      symmetric: activationSymmetric,
      granularity: 'tensor',
    }
    return {
      parameter: (name, value) => {
        const point = this.#weights.get(name)
        if (point === undefined || lambda === 0) return value
        const quantiser = weightQuantiser(value.data, value.shape, weights, { axis: point.axis })
        return fakeQuantise(value, quantiser, { lambda, ste })
      },
      value: (name, value) => {
        const observer = this.#observers.get(name)
        if (observer === undefined) return value
        if (observe) observer.observe(value.data)
        if (lambda === 0 || observer.state().batches === 0) return value
        const { lo, hi } = observer.range()
        return fakeQuantise(value, quantiserFromRange(lo, hi, activations), { lambda, ste })
      },
    }
  }

  ranges(): Map<string, ValueRange> {
    return new Map(
      [...this.#observers]
        .filter(([, observer]) => observer.state().batches > 0)
        .map(([name, observer]) => [name, observer.range()]),
    )
  }

  /** The observers' state: for each point a tensor [lo, hi, batches]. */
  state(): Map<string, FloatTensor> {
    return new Map(
      [...this.#observers].map(([name, observer]) => {
        const { lo, hi, batches } = observer.state()
        return [name, tensor([lo, hi, batches])]
      }),
    )
  }

  loadState(state: ReadonlyMap<string, FloatTensor>): void {
    for (const [name, { data }] of state) {
      const observer = this.#observers.get(name)
      if (observer === undefined || data.length !== 3) {
        throw new FormatError(`resume: the saved state has an observer of '${name}', which this model does not have`)
      }
      observer.load({ lo: data[0], hi: data[1], batches: data[2] })
    }
  }
}
