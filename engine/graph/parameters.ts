import { ShapeError } from '../base/errors.ts'
import { formatShape, sameShape } from '../base/shape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Graph, Parameters } from './graph.ts'

/**
 * Checks that `tensors` are the parameters of `graph`: the same names, dtypes and shapes. Throws one
 * `ShapeError` that lists everything missing, unknown or of the wrong kind.
 */
export function checkParameters(
  graph: Graph<string>,
  tensors: ReadonlyMap<string, Tensor>,
): asserts tensors is Parameters {
  const problems: string[] = []
  const known = new Set<string>()
  for (const { name, dtype = 'float32', shape } of graph.parameters) {
    known.add(name)
    const found = tensors.get(name)
    if (found === undefined) problems.push(`'${name}' is missing`)
    else if (found.dtype !== dtype) problems.push(`'${name}' is ${found.dtype}, wanted ${dtype}`)
    else if (!sameShape(found.shape, shape)) {
      problems.push(`'${name}' is ${formatShape(found.shape)}, wanted ${formatShape(shape)}`)
    }
  }
  for (const name of tensors.keys()) if (!known.has(name)) problems.push(`'${name}' is not a parameter of the graph`)
  if (problems.length > 0) {
    throw new ShapeError(`graph ${graph.name}: the parameters do not fit: ${problems.join('; ')}`)
  }
}

/** The parameter called `name`, for arithmetic that is float32. Throws `ShapeError` where it is missing or another dtype. */
export function floatParameter(parameters: ReadonlyMap<string, Tensor>, name: string): FloatTensor {
  const value = parameters.get(name)
  if (value === undefined) throw new ShapeError(`parameter '${name}': there is none of that name`)
  return asFloat(value, `parameter '${name}'`)
}

/**
 * The parameters that an optimiser updates, by name, each marked as requiring a gradient from now on. Parameters are
 * unmarked until then, fresh and loaded ones alike, so that inference records nothing. Throws `ShapeError` for one that
 * is not float32, and what `checkParameters` throws.
 */
export function trainableParameters(graph: Graph<string>, parameters: Parameters): Map<string, FloatTensor> {
  checkParameters(graph, parameters)
  const trainable = new Map<string, FloatTensor>()
  for (const spec of graph.parameters) {
    if (!spec.trainable) continue
    const value = floatParameter(parameters, spec.name)
    value.requiresGrad = true
    trainable.set(spec.name, value)
  }
  return trainable
}
