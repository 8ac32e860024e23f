import type { TypedArray } from '../base/dtype.ts'
import { RandomStream } from '../base/random.ts'
import { zeros } from '../core/tensor.ts'
import type { Graph, Parameters } from './graph.ts'

/**
 * Fresh parameters as each one's initialiser says. A parameter's draws come from the stream of `seed` that its name
 * selects, so they do not depend on the other layers: element i is bound * (2u - 1), computed in double and rounded once
 * to f32, where u is draw i, a multiple of 2^-24 in [0, 1). Without an initialiser a parameter is all 0. `seed` is an
 * integer in [0, 2^53), else `RangeError`. None is marked as requiring a gradient yet: see `trainableParameters`.
 */
export function initialise(graph: Graph<string>, seed: number): Parameters {
  const parameters: Parameters = new Map()
  for (const { name, shape, dtype = 'float32', initialiser } of graph.parameters) {
    const value = zeros(shape, { dtype })
    if (initialiser?.kind === 'constant') (value.data as TypedArray).fill(initialiser.value)
    if (initialiser?.kind === 'uniform') {
      const stream = new RandomStream(seed, name)
      for (let i = 0; i < value.data.length; i++) value.data[i] = initialiser.bound * (2 * stream.uniform() - 1)
    }
    parameters.set(name, value)
  }
  return parameters
}
