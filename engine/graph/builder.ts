import { ShapeError } from '../base/errors.ts'
import { formatShape, sizeOf } from '../base/shape.ts'
import type { OpName } from '../ops/names.ts'
import type { Graph, Initialiser } from './graph.ts'
import { GraphRecorder, type Value } from './recorder.ts'

export type { Attributes, Value } from './recorder.ts'

/** A pair of extents, height then width; a number stands for both. */
export type Pair = number | readonly [number, number]
/** Padding: a number for all sides, [height, width], or ONNX's [top, left, bottom, right]. */
export type Padding = Pair | readonly [number, number, number, number]

/** What every layer takes: its name, relative to the scope; by default its kind and a number (`conv1`, `relu2`). */
export interface LayerOptions {
  name?: string
}

/** Options of a convolution; lengths in pixels. */
export interface ConvOptions extends LayerOptions {
  /** Output channels. */
  out: number
  kernel: Pair
  stride?: Pair
  pad?: Padding
  dilation?: Pair
  /** Groups that the channels split into; as many as input channels makes it depthwise. */
  groups?: number
  bias?: boolean
}

/** Options of a transposed convolution. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the bottom and the right of the output. */
  outputPad?: Pair
}

/** Options of a pooling window. */
export interface PoolOptions extends LayerOptions {
  kernel: Pair
  /** Default: the kernel, so that windows do not overlap. */
  stride?: Pair
  pad?: Padding
}

const pair = (value: Pair): number[] => (typeof value === 'number' ? [value, value] : [...value])

/** Padding as ONNX writes it: [top, left, bottom, right]. */
function pads(value: Padding): number[] {
  if (typeof value === 'number') return [value, value, value, value]
  return value.length === 2 ? [...value, ...value] : [...value]
}

/** He et al. 2015 (uniform, gain sqrt 2): keeps the variance through layers of `fanIn` products followed by ReLU. */
const kaiming = (fanIn: number): Initialiser => ({ kind: 'uniform', bound: Math.sqrt(6 / Math.max(fanIn, 1)) })
/** PyTorch's default for biases. */
const biasUniform = (fanIn: number): Initialiser => ({ kind: 'uniform', bound: 1 / Math.sqrt(Math.max(fanIn, 1)) })
const constant = (value: number): Initialiser => ({ kind: 'constant', value })

/**
 * Writes a graph layer by layer. Layers are named as PyTorch names modules, and their parameters after them:
 * `conv1.weight`, `bn1.running_mean`. Weights start Kaiming-uniform, bound sqrt(6 / fanIn), whatever follows the layer;
 * biases uniform with bound 1 / sqrt(fanIn); fanIn is the number of products in one output. Each method throws
 * `ShapeError` (graph, node and operator named) when its input does not fit, and `UsageError` for a name in use.
 */
export class GraphBuilder extends GraphRecorder {
  /** Conv over [N, C, H, W]; weight [out, C / groups, kh, kw]. */
  conv(x: Value, options: ConvOptions): Value {
    const { out, stride = 1, pad = 0, dilation = 1, groups = 1, bias = true } = options
    const name = options.name ?? this.unusedName('conv')
    const kernel = pair(options.kernel)
    const perGroup = this.#split(this.#channels(x, name, 'Conv'), groups, name, 'Conv')
    const fanIn = perGroup * sizeOf(kernel)
    const weight = this.#weight(name, [out, perGroup, ...kernel], fanIn)
    const inputs = bias ? [x, weight, this.#bias(name, out, fanIn)] : [x, weight]
    const attributes = {
      kernel_shape: kernel,
      strides: pair(stride),
      pads: pads(pad),
      dilations: pair(dilation),
      group: groups,
    }
    return this.node('Conv', inputs, attributes, name)
  }

  /** ConvTranspose over [N, C, H, W]; weight [C, out / groups, kh, kw]. fanIn: C / groups * kh * kw / stride area. */
  convTranspose(x: Value, options: ConvTransposeOptions): Value {
    const { out, stride = 1, pad = 0, dilation = 1, groups = 1, outputPad = 0, bias = true } = options
    const name = options.name ?? this.unusedName('convTranspose')
    const kernel = pair(options.kernel)
    const channels = this.#channels(x, name, 'ConvTranspose')
    const perGroup = this.#split(channels, groups, name, 'ConvTranspose')
    const fanIn = (perGroup * sizeOf(kernel)) / sizeOf(pair(stride))
    const weight = this.#weight(name, [channels, this.#split(out, groups, name, 'ConvTranspose'), ...kernel], fanIn)
    const inputs = bias ? [x, weight, this.#bias(name, out, fanIn)] : [x, weight]
    const attributes = {
      kernel_shape: kernel,
      strides: pair(stride),
      pads: pads(pad),
      output_padding: pair(outputPad),
      dilations: pair(dilation),
      group: groups,
    }
    return this.node('ConvTranspose', inputs, attributes, name)
  }

  /** Gemm with weight [out, in], over [N, in]; an input of higher rank is flattened to that first. */
  linear(x: Value, options: LayerOptions & { out: number; bias?: boolean }): Value {
    const { out, bias = true } = options
    const name = options.name ?? this.unusedName('fc')
    const rows = this.spec(x).shape.length > 2 ? this.flatten(x, { name: `${name}.flatten` }) : x
    const fanIn = this.#channels(rows, name, 'Gemm')
    const weight = this.#weight(name, [out, fanIn], fanIn)
    const inputs = bias ? [rows, weight, this.#bias(name, out, fanIn)] : [rows, weight]
    return this.node('Gemm', inputs, { transB: 1 }, name)
  }

  /**
   * BatchNormalization over dimension 1. `momentum` is PyTorch's: the weight of the new batch in the running statistics
   * (ONNX stores 1 - momentum).
   */
  batchNorm(x: Value, options: LayerOptions & { eps?: number; momentum?: number } = {}): Value {
    const { eps = 1e-5, momentum = 0.1 } = options
    const name = options.name ?? this.unusedName('bn')
    const shape = [this.#channels(x, name, 'BatchNormalization')]
    const inputs = [
      x,
      this.parameter(`${name}.weight`, shape, constant(1)),
      this.parameter(`${name}.bias`, shape, constant(0)),
      this.parameter(`${name}.running_mean`, shape, constant(0), false),
      this.parameter(`${name}.running_var`, shape, constant(1), false),
    ]
    return this.node('BatchNormalization', inputs, { epsilon: eps, momentum: 1 - momentum }, name)
  }

  /** max(x, 0). */
  relu(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('Relu', [x], {}, name)
  }

  /** min(max(x, 0), 6): a Clip. */
  relu6(x: Value, { name }: LayerOptions = {}): Value {
    return this.clip(x, { name, min: 0, max: 6 })
  }

  /** min(max(x, min), max); a bound that is absent does not bind. */
  clip(x: Value, { name, min, max }: LayerOptions & { min?: number; max?: number }): Value {
    return this.node('Clip', [x], { min, max }, name)
  }

  /** x where x >= 0, else alpha * x. */
  leakyRelu(x: Value, { name, alpha = 0.01 }: LayerOptions & { alpha?: number } = {}): Value {
    return this.node('LeakyRelu', [x], { alpha }, name)
  }

  /** 1 / (1 + e^-x). */
  sigmoid(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('Sigmoid', [x], {}, name)
  }

  /** Hyperbolic tangent. */
  tanh(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('Tanh', [x], {}, name)
  }

  /** x * Phi(x); 'tanh' selects the approximation. */
  gelu(x: Value, { name, approximate = 'none' }: LayerOptions & { approximate?: 'none' | 'tanh' } = {}): Value {
    return this.node('Gelu', [x], { approximate }, name)
  }

  /** x * sigmoid(x): ONNX Swish with alpha 1. */
  silu(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('Swish', [x], {}, name ?? this.unusedName('silu'))
  }

  /** x * hardsigmoid(x). */
  hardswish(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('HardSwish', [x], {}, name)
  }

  /** min(max(x / 6 + 1/2, 0), 1), PyTorch's; ONNX's own default slope is 0.2. */
  hardsigmoid(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 }, name)
  }

  /** a + b, broadcast. */
  add(a: Value, b: Value, { name }: LayerOptions = {}): Value {
    return this.node('Add', [a, b], {}, name)
  }

  /** a - b, broadcast. */
  sub(a: Value, b: Value, { name }: LayerOptions = {}): Value {
    return this.node('Sub', [a, b], {}, name)
  }

  /** a * b, broadcast. */
  mul(a: Value, b: Value, { name }: LayerOptions = {}): Value {
    return this.node('Mul', [a, b], {}, name)
  }

  /** The greatest element of each window. */
  maxPool(x: Value, { name, kernel, stride = kernel, pad = 0 }: PoolOptions): Value {
    return this.node('MaxPool', [x], { kernel_shape: pair(kernel), strides: pair(stride), pads: pads(pad) }, name)
  }

  /** The mean of each window. `countPad`: whether padding counts as zeros (PyTorch's default) or not at all. */
  avgPool(x: Value, { name, kernel, stride = kernel, pad = 0, countPad = true }: PoolOptions & { countPad?: boolean }) {
    const attributes = {
      kernel_shape: pair(kernel),
      strides: pair(stride),
      pads: pads(pad),
      count_include_pad: countPad ? 1 : 0,
    }
    return this.node('AveragePool', [x], attributes, name)
  }

  /** The mean of each plane: [N, C, H, W] to [N, C, 1, 1]. */
  globalAvgPool(x: Value, { name }: LayerOptions = {}): Value {
    return this.node('GlobalAveragePool', [x], {}, name)
  }

  /** To rank 2: the dimensions before `axis` in one, the others in the other. */
  flatten(x: Value, { name, axis = 1 }: LayerOptions & { axis?: number } = {}): Value {
    return this.node('Flatten', [x], { axis }, name)
  }

  /** The same elements in another shape; 0 copies the dimension at that place, one -1 is inferred. */
  reshape(x: Value, { name, shape }: LayerOptions & { shape: readonly number[] }): Value {
    return this.node('Reshape', [x], { shape }, name)
  }

  /** Values one after the other along `axis` (default 1, channels). */
  concat(values: readonly Value[], { name, axis = 1 }: LayerOptions & { axis?: number } = {}): Value {
    return this.node('Concat', values, { axis }, name)
  }

  /** e^x over its sum along `axis`. */
  softmax(x: Value, { name, axis = -1 }: LayerOptions & { axis?: number } = {}): Value {
    return this.node('Softmax', [x], { axis }, name)
  }

  #weight(layer: string, shape: readonly number[], fanIn: number): Value {
    return this.parameter(`${layer}.weight`, shape, kaiming(fanIn))
  }

  #bias(layer: string, length: number, fanIn: number): Value {
    return this.parameter(`${layer}.bias`, [length], biasUniform(fanIn))
  }

  /** Dimension 1, which a layer's parameters depend on. */
  #channels(x: Value, name: string, op: OpName): number {
    const { shape } = this.spec(x)
    const extent = shape[1]
    if (typeof extent === 'number') return extent
    throw new ShapeError(
      `${this.where(name, op)}: dimension 1 of its input '${x.name}', ${formatShape(shape)}, must exist and be known`,
    )
  }

  /** How many channels fall to each group. */
  #split(channels: number, groups: number, name: string, op: OpName): number {
    if (Number.isInteger(groups) && groups > 0 && channels % groups === 0) return channels / groups
    throw new ShapeError(`${this.where(name, op)}: ${channels} channels do not split into ${groups} groups`)
  }
}

/** What a builder's callback returns: one output, several, or several under names that callers shall see. */
export type Outputs = Value | readonly Value[] | Readonly<Record<string, Value>>

const isValue = (outputs: Outputs): outputs is Value => 'name' in outputs && typeof outputs.name === 'string'

/**
 * Builds a graph. `body` declares inputs and layers and returns the outputs. Throws as the builder's methods do.
 * @example
 * buildGraph('tiny', (g) => {
 *   let x = g.input('image', [null, 1, 28, 28])
 *   x = g.relu(g.batchNorm(g.conv(x, { out: 16, kernel: 3, pad: 1 })))
 *   return { logits: g.linear(g.globalAvgPool(x), { out: 10 }) }
 * })
 */
export function buildGraph(name: string, body: (g: GraphBuilder) => Outputs): Graph {
  const builder = new GraphBuilder(name)
  const outputs = body(builder)
  if (isValue(outputs)) return builder.finish([[outputs.name, outputs]])
  if (Array.isArray(outputs)) return builder.finish((outputs as readonly Value[]).map((value) => [value.name, value]))
  return builder.finish(Object.entries(outputs))
}
