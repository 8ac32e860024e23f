import { buildGraph } from '../../engine/graph/builder.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { type ClassifierOptions, checkClassifier } from './options.ts'

/**
 * LeNet-5 (LeCun et al. 1998) in its usual modern form, with ReLU and max pooling: 6 maps 5x5 with padding 2, pool, 16
 * maps 5x5, pool, linear 120, 84, classes. Input `image` [N, C, H, W] of 12x12 pixels or more (the first linear layer
 * adapts), output `logits` [N, classes]. 61,706 parameters for 1x28x28 and 10 classes. Throws `UsageError` for options
 * out of range.
 */
export function lenet(options: ClassifierOptions): Graph {
  checkClassifier('lenet', options, 12)
  const { input, classes } = options
  return buildGraph('lenet', (g) => {
    let x = g.input('image', [null, ...input])
    x = g.maxPool(g.relu(g.conv(x, { out: 6, kernel: 5, pad: 2 })), { kernel: 2 })
    x = g.maxPool(g.relu(g.conv(x, { out: 16, kernel: 5 })), { kernel: 2 })
    x = g.relu(g.linear(x, { out: 120 }))
    x = g.relu(g.linear(x, { out: 84 }))
    return { logits: g.linear(x, { out: classes }) }
  })
}
