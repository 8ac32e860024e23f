import { UsageError } from '../../engine/base/errors.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../engine/graph/builder.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { type ClassifierOptions, checkClassifier } from './options.ts'

/** Options of `mobilenet`. */
export interface MobilenetOptions extends ClassifierOptions {
  /** Factor on every channel count, which is then rounded to a multiple of 8. Default 1. */
  readonly width?: number
  /** ReLU6 (min(max(x, 0), 6)), as published, or plain ReLU. Default true. */
  readonly relu6?: boolean
}

/** Expansion, channels, repeats and stride of the first repeat, as the paper's table 2 lists them. */
const STAGES: readonly (readonly [expand: number, channels: number, repeats: number, stride: number])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 2, 1],
]
const STEM = 16
const HEAD = 256

/** The nearest multiple of 8 (ties up), at least 8, and raised by 8 where that would lose more than a tenth. */
function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8)
  return rounded < 0.9 * channels ? rounded + 8 : rounded
}

/**
 * MobileNet v2 (Sandler et al. 2018) cut down for pictures of 32x32: a 3x3 stem of 16 channels at full size, inverted
 * residuals (1x1 expansion, 3x3 depthwise, linear 1x1 bottleneck; added to their input where shapes agree) in four
 * stages, [16], [24, 24] at half size, [32, 32, 32] and [64, 64] at a quarter, expansion 6 but 1 in the first, a 1x1
 * head of 256, global average pool, one linear layer. All convolutions have batch norm and no bias. Input `image`
 * [N, C, H, W], output `logits` [N, classes]. Throws `UsageError` for options out of range.
 */
export function mobilenet(options: MobilenetOptions): Graph {
  checkClassifier('mobilenet', options)
  const { input, classes, width = 1, relu6 = true } = options
  if (typeof width !== 'number' || !(width > 0 && width <= 8)) {
    throw new UsageError(`mobilenet: width is ${width}; wanted a factor in (0, 8]`)
  }
  if (typeof relu6 !== 'boolean') throw new UsageError(`mobilenet: relu6 is ${String(relu6)}; wanted true or false`)
  return buildGraph('mobilenet', (g) => {
    const activate = (x: Value): Value => (relu6 ? g.relu6(x) : g.relu(x))
    const channels = (base: number): number => roundChannels(base * width)
    let x = g.input('image', [null, ...input])
    x = activate(g.batchNorm(g.conv(x, { out: channels(STEM), kernel: 3, pad: 1, bias: false })))
    STAGES.forEach(([expand, out, repeats, firstStride], stage) => {
      for (let block = 0; block < repeats; block++) {
        const stride = block === 0 ? firstStride : 1
        x = g.scope(`stages.${stage}.${block}`, () =>
          invertedResidual(g, x, { expand, out: channels(out), stride, activate }),
        )
      }
    })
    x = activate(g.batchNorm(g.conv(x, { out: channels(HEAD), kernel: 1, bias: false })))
    return { logits: g.linear(g.globalAvgPool(x), { name: 'fc', out: classes }) }
  })
}

/** Expand, filter each channel by itself, project; no activation after the projection. */
function invertedResidual(
  g: GraphBuilder,
  x: Value,
  { expand, out, stride, activate }: { expand: number; out: number; stride: number; activate: (x: Value) => Value },
): Value {
  const before = g.spec(x).shape[1] as number
  const inner = before * expand
  let y = x
  if (expand !== 1) y = activate(g.batchNorm(g.conv(y, { out: inner, kernel: 1, bias: false })))
  y = activate(g.batchNorm(g.conv(y, { out: inner, kernel: 3, stride, pad: 1, groups: inner, bias: false })))
  y = g.batchNorm(g.conv(y, { out, kernel: 1, bias: false }))
  return stride === 1 && before === out ? g.add(x, y) : y
}
