import { UsageError } from '../../engine/base/errors.ts'
import { buildGraph } from '../../engine/graph/builder.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { type ClassifierOptions, checkClassifier, checkInteger } from './options.ts'

/** Options of `mlp`. */
export interface MlpOptions extends ClassifierOptions {
  /** Widths of the hidden layers, first to last; may be empty. Default [128, 64]. */
  readonly hidden?: readonly number[]
}

/**
 * A multi-layer perceptron: the image flattened, hidden layers with ReLU, one linear layer. Input `image`
 * [N, C, H, W], output `logits` [N, classes]. Throws `UsageError` for options out of range.
 */
export function mlp(options: MlpOptions): Graph {
  checkClassifier('mlp', options)
  const { input, classes, hidden = [128, 64] } = options
  if (!Array.isArray(hidden)) throw new UsageError(`mlp: hidden is ${String(hidden)}; wanted an array of widths`)
  for (const width of hidden) checkInteger('mlp', 'a width in hidden', width)
  return buildGraph('mlp', (g) => {
    let x = g.flatten(g.input('image', [null, ...input]))
    for (const width of hidden) x = g.relu(g.linear(x, { out: width }))
    return { logits: g.linear(x, { out: classes }) }
  })
}
