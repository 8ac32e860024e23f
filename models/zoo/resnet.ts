import { UsageError } from '../../engine/base/errors.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../engine/graph/builder.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { type ClassifierOptions, checkClassifier, checkInteger } from './options.ts'

/** Options of `resnet`. */
export interface ResnetOptions extends ClassifierOptions {
  /** Weighted layers along the main path: 6n + 2, so 8, 14, 20, 32, ... Default 20. */
  readonly depth?: number
  /** Channels of the first stage; the second has twice, the third four times as many. Default 16. */
  readonly width?: number
}

/** Two 3x3 convolutions with batch norm around a shortcut, which is projected (1x1) where the shape changes. */
function basicBlock(g: GraphBuilder, x: Value, out: number, stride: number): Value {
  let y = g.relu(g.batchNorm(g.conv(x, { out, kernel: 3, stride, pad: 1, bias: false })))
  y = g.batchNorm(g.conv(y, { out, kernel: 3, pad: 1, bias: false }))
  const sameChannels = g.spec(x).shape[1] === out
  const shortcut =
    stride === 1 && sameChannels
      ? x
      : g.scope('downsample', () =>
          g.batchNorm(g.conv(x, { name: '0', out, kernel: 1, stride, bias: false }), { name: '1' }),
        )
  return g.relu(g.add(y, shortcut))
}

/**
 * The residual network for small images of He et al. 2015, section 4.2, with projection shortcuts: 3x3 stem, three
 * stages of (depth - 2) / 6 basic blocks with width, 2 width and 4 width channels, of which the second and third halve
 * the picture, global average pool, one linear layer. Input `image` [N, C, H, W], output `logits` [N, classes]. Depth
 * 20 has about 0.27 million parameters. Throws `UsageError` for options out of range.
 */
export function resnet(options: ResnetOptions): Graph {
  checkClassifier('resnet', options)
  const { input, classes, depth = 20, width = 16 } = options
  checkInteger('resnet', 'width', width)
  if (!Number.isInteger(depth) || depth < 8 || (depth - 2) % 6 !== 0) {
    throw new UsageError(`resnet: depth is ${depth}; wanted 6n + 2 with n from 1 on: 8, 14, 20, 26, 32, ...`)
  }
  const blocks = (depth - 2) / 6
  return buildGraph('resnet', (g) => {
    let x = g.input('image', [null, ...input])
    x = g.relu(g.batchNorm(g.conv(x, { out: width, kernel: 3, pad: 1, bias: false })))
    for (let stage = 0; stage < 3; stage++) {
      for (let block = 0; block < blocks; block++) {
        const stride = stage > 0 && block === 0 ? 2 : 1
        x = g.scope(`stages.${stage}.${block}`, () => basicBlock(g, x, width * 2 ** stage, stride))
      }
    }
    return { logits: g.linear(g.globalAvgPool(x), { name: 'fc', out: classes }) }
  })
}
