import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import type { Tap } from '../../engine/graph/interpreter.ts'
import { fakeQuantise } from '../affine/fakeQuantise.ts'
import { quantisationPoints } from '../affine/points.ts'
import { quantiserFromRange, type ValueRange } from '../affine/quantiser.ts'
import type { Scheme } from '../affine/scheme.ts'
import { weightQuantiser } from '../affine/weightQuantiser.ts'

/** What is quantised, and how. */
export interface QuantisedTapOptions {
  /** Of the weights, from their extremes (`weightQuantiser`). */
  readonly weights: Scheme
  /** Of the activations, with the range of each; absent: they stay float. A tensor without a range stays float too. */
  readonly activations?: { readonly scheme: Scheme; readonly ranges: ReadonlyMap<string, ValueRange> }
}

/**
 * A graph as a quantising back end sees it, in float: the hooks for `runGraph` that replace each weight, and each
 * activation with a range, that `quantisationPoints` names by its quantised and dequantised values (`fakeQuantise`,
 * ties to even). A weight tensor is quantised once, when it is first met, and must not be modified after that.
 * Example: 2 bits, symmetric, narrow, per tensor: the weight [1, 0.3, -0.6] is seen as [1, 0, -1].
 */
export function quantisedTap(graph: Graph, { weights, activations }: QuantisedTapOptions): Tap {
  const points = quantisationPoints(graph)
  const axes = new Map(points.weights.map(({ parameter, axis }) => [parameter, axis]))
  const quantised = new Set(points.activations)
  const seen = new WeakMap<FloatTensor, FloatTensor>()
  return {
    parameter(name: string, value: FloatTensor): FloatTensor {
      const axis = axes.get(name)
      if (axis === undefined) return value
      const known = seen.get(value)
      if (known !== undefined) return known
      const quantiser = weightQuantiser(value.data, value.shape, weights, { axis })
      // A copy, which outlives the scope of the run.
      const dequantised = noGrad(() => fakeQuantise(value, quantiser)).clone()
      seen.set(value, dequantised)
      return dequantised
    },
    value(name: string, value: FloatTensor): FloatTensor {
      const range = quantised.has(name) ? activations?.ranges.get(name) : undefined
      if (activations === undefined || range === undefined) return value
      return noGrad(() => fakeQuantise(value, quantiserFromRange(range.lo, range.hi, activations.scheme)))
    },
  }
}
