import { FormatError } from '../../engine/base/errors.ts'
import { type FloatTensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import type { Tap } from '../../engine/graph/interpreter.ts'
import { type FakeQuantiseOptions, fakeQuantise } from '../affine/fakeQuantise.ts'
import { EmaQuantileObserver } from '../affine/observers/emaQuantile.ts'
import { quantisationPoints, type WeightPoint } from '../affine/points.ts'
import { quantiserFromRange, type ValueRange } from '../affine/quantiser.ts'
import { weightQuantiser } from '../affine/weightQuantiser.ts'
import { type FoldedLayer, foldedLayers, foldedQuantiser, foldingFactors } from './foldedLayers.ts'
import type { MethodOptions } from './methods.ts'
import { fixedScheme, SchemeSampler, snappingScheme, type TrainingScheme } from './schemeSampling.ts'

/** What training sees of quantisation, and what it learns about it. */
export interface Simulator {
  /** The hooks of a training step, counted from 0 over the run; lambda in [0, 1], 0 changes no value. */
  tap(lambda: number, step: number): Tap
  /** The learned range of each activation point that has been seen. */
  ranges(): Map<string, ValueRange>
  /** What a resumed run needs, by the name of the weight or tensor. */
  state(): Map<string, FloatTensor>
  /** Takes over what `state` returned. Throws `FormatError` for a name that the graph does not have. */
  loadState(state: ReadonlyMap<string, FloatTensor>): void
}

/** What a simulator may look at beside the graph. */
export interface SimulatorOptions {
  /** The parameters that are trained, as they are at each step. */
  readonly parameters: Parameters
  readonly seed: number
  /** The first step whose weights are held on a grid; absent where none are. */
  readonly gridFrom?: number
}

/**
 * At each quantisation point of a graph the weight or activation is blended with its fake-quantised self,
 * x + lambda (x^ - x). Weights take their scale from the weight as it is; activations from an observer of the tensor
 * before blending. With `weightFolding` a weight in front of a batch norm is quantised as the folded weight that a
 * compiler sees, w f with f = |gamma| / sqrt(running variance + eps) of its output channel, and divided by f again: that is
 * the raw weight with scale S_c / f_c, S the scale of the folded weight. With `sampling` each point's scheme is drawn.
 *
 * Example: channels w = [1, -0.5], f = [1, 8], 4 bits per tensor: raw maximum 1 gives the scale 1/7 to both; folded
 * maxima 1 and 4 give S = 4/7, so that the scales are 4/7 and 1/14: the first channel keeps codes -2 ... 2 only.
 */
export class QuantisationSimulator implements Simulator {
  readonly #options: MethodOptions
  readonly #weights: ReadonlyMap<string, WeightPoint>
  readonly #observers: ReadonlyMap<string, EmaQuantileObserver>
  readonly #folded: ReadonlyMap<string, FoldedLayer>
  readonly #parameters: Parameters
  /** The scheme of a point in a step. */
  readonly #scheme: (step: number, point: string) => TrainingScheme

  constructor(graph: Graph, method: MethodOptions, { parameters, seed, gridFrom }: SimulatorOptions) {
    this.#options = method
    const points = quantisationPoints(graph)
    this.#weights = new Map(points.weights.map((point) => [point.parameter, point]))
    const { observerBeta: beta, observerQuantile: p } = method
    this.#observers = new Map(points.activations.map((name) => [name, new EmaQuantileObserver({ beta, p })]))
    this.#folded = new Map(method.weightFolding ? foldedLayers(graph).map((layer) => [layer.weight, layer]) : [])
    this.#parameters = parameters
    if (method.sampling === null) {
      const fixed = fixedScheme(method)
      this.#scheme = () => fixed
    } else {
      const sampler = new SchemeSampler(method, method.sampling, seed, gridFrom)
      this.#scheme = (step, point) => sampler.draw(step, point)
    }
  }

  tap(lambda: number, step: number): Tap {
    const { ste, observerSkip, exportSnapped, sampling } = this.#options
    return {
      parameter: (name, value) => {
        const point = this.#weights.get(name)
        if (point === undefined || lambda === 0) return value
        const { weights, weightQuantile, rounding } = this.#scheme(step, name)
        const options = { axis: point.axis, quantile: weightQuantile < 1 ? weightQuantile : undefined }
        const layer = this.#folded.get(name)
        // What will be exported snapped reaches a back end on the method's own grid.
        const snapped = exportSnapped && sampling !== null ? this.#snapped(value, point, { lambda, ste }) : value
        const quantiser =
          layer === undefined
            ? weightQuantiser(snapped.data, value.shape, weights, options)
            : foldedQuantiser(snapped, foldingFactors(layer, this.#parameters), weights, options)
        return fakeQuantise(snapped, quantiser, { lambda, ste, rounding })
      },
      value: (name, value) => {
        const observer = this.#observers.get(name)
        if (observer === undefined) return value
        if (step >= observerSkip) observer.observe(value.data)
        if (lambda === 0 || observer.state().batches === 0) return value
        const { activations, activationRange, rounding } = this.#scheme(step, name)
        const { lo, hi } = activationRange === 'batch' ? extremes(value.data) : observer.range()
        return fakeQuantise(value, quantiserFromRange(lo, hi, activations), { lambda, ste, rounding })
      },
    }
  }

  #snapped(value: FloatTensor, { axis }: WeightPoint, options: FakeQuantiseOptions): FloatTensor {
    const scheme = snappingScheme(this.#options)
    return fakeQuantise(value, weightQuantiser(value.data, value.shape, scheme, { axis }), options)
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

/** The least and the greatest value. */
function extremes(values: Float32Array): ValueRange {
  let lo = 0
  let hi = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value < lo) lo = value
    else if (value > hi) hi = value
  }
  return { lo, hi }
}
