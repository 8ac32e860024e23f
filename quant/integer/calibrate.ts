import { NumericError, UsageError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import type { Observer } from '../affine/observers/observer.ts'
import { quantisationPoints } from '../affine/points.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import type { Backend } from './backend.ts'
import { createObserver } from './observerSpec.ts'

/**
 * Runs the float graph (batch norms folded) on the calibration batches and estimates, as the back end does, the range of
 * each tensor that `quantisationPoints` names. The order of the batches matters to averages and votes. Throws `UsageError`
 * without batches, `NumericError` naming the tensor where one holds NaN or infinity, and what `runGraph` throws.
 * Example: observer 'minMax', batches with image values in [0, 1] and [-1, 0.5]: image -> [-1, 1].
 */
export function calibrate(
  graph: Graph,
  parameters: Parameters,
  backend: Backend,
  batches: readonly FloatTensor[],
): Map<string, ValueRange> {
  if (!batches.some((batch) => batch.size > 0)) {
    throw new UsageError('calibrate: there are no calibration images; pass at least one batch of training images')
  }
  const input = graph.inputs[0].name
  const observers = new Map<string, Observer>()
  const { observer, inputObserver = observer } = backend.calibration
  for (const name of quantisationPoints(graph).activations) {
    observers.set(name, createObserver(name === input ? inputObserver : observer))
  }
  const value = (name: string, tensor: FloatTensor): FloatTensor => {
    try {
      observers.get(name)?.observe(tensor.data)
    } catch (cause) {
      if (!(cause instanceof NumericError)) throw cause
      throw new NumericError(`calibrate: graph ${graph.name}: tensor '${name}': ${cause.message}`, { cause })
    }
    return tensor
  }
  for (const batch of batches) {
    scope(() => {
      noGrad(() => runGraph(graph, parameters, { [input]: batch }, { tap: { value } }))
    })
  }
  return new Map([...observers].map(([name, observer]) => [name, observer.range()]))
}
