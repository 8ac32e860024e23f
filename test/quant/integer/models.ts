import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import type { ValueRange } from '../../../quant/affine/quantiser.ts'
import { codeRange, type Scheme } from '../../../quant/affine/scheme.ts'

/** Uniform images in [-1, 1). */
export function images(random: RandomStream, count: number, shape: readonly number[]): FloatTensor {
  const size = shape.reduce((a, b) => a * b, count)
  return tensor(
    Array.from({ length: size }, () => random.uniform() * 2 - 1),
    [count, ...shape],
  )
}

/** Random values for every parameter, batch-norm statistics included, so that nothing is 0 or 1 by chance. */
export function randomParameters(graph: Graph, seed: number): Parameters {
  const parameters = initialise(graph, seed)
  for (const [name, { data }] of parameters) {
    const random = new RandomStream(seed, name)
    const offset = /running_var$/.test(name) ? 0.5 : -0.5
    if (!/running_|bias$/.test(name)) continue
    for (let i = 0; i < data.length; i++) data[i] = random.uniform() + offset
  }
  return parameters
}

/** A network with every operator that the integer path has: batch norm, depthwise, residual, concat, all pools. */
export function smallNetwork(): Graph {
  return buildGraph('small', (g) => {
    let x = g.input('image', [null, 3, 9, 8])
    x = g.relu(g.batchNorm(g.conv(x, { out: 6, kernel: 3, pad: 1 })))
    const y = g.clip(g.conv(x, { out: 6, kernel: 3, pad: 1, groups: 6 }), { min: 0, max: 6 })
    x = g.relu(g.add(x, y))
    x = g.maxPool(g.concat([x, y]), { kernel: 2 })
    x = g.avgPool(g.relu(x), { kernel: 3, stride: 2, pad: 1, countPad: false })
    x = g.conv(x, { out: 5, kernel: 1, bias: false })
    return g.linear(g.globalAvgPool(x), { out: 7 })
  })
}

/** A gate, functions and a concatenation of different ranges: what only the runtimes cover. */
export function gatedNetwork(): Graph {
  return buildGraph('gated', (g) => {
    const x = g.input('image', [null, 3, 9, 8])
    const y = g.leakyRelu(g.conv(x, { out: 6, kernel: 3, pad: 1 }), { alpha: 0.1 })
    const gate = g.sigmoid(g.conv(y, { out: 6, kernel: 1 }))
    const z = g.concat([g.mul(y, gate), g.tanh(y), gate])
    return g.linear(g.globalAvgPool(g.avgPool(z, { kernel: 2 })), { out: 7 })
  })
}

/** A transformer block on patches: what few back ends cover; products of two activations, normalisation, softmax, a constant added. */
export function attentionNetwork(): Graph {
  const nodes: Graph['nodes'] = (
    [
      ['conv', 'Conv', ['image', 'patch.weight', 'patch.bias'], { kernel_shape: [4, 4], strides: [4, 4] }],
      ['tokens', 'Reshape', ['conv'], { shape: [0, 8, 4] }],
      ['rows', 'Transpose', ['tokens'], { perm: [0, 2, 1] }],
      ['placed', 'Add', ['rows', 'positions'], {}],
      ['normal', 'LayerNormalization', ['placed', 'norm.weight', 'norm.bias'], { axis: -1, epsilon: 1e-5 }],
      ['query', 'MatMul', ['normal', 'query.weight'], {}],
      ['key', 'MatMul', ['normal', 'key.weight'], {}],
      ['turned', 'Transpose', ['key'], { perm: [0, 2, 1] }],
      ['scores', 'MatMul', ['query', 'turned'], {}],
      ['attention', 'Softmax', ['scores'], { axis: -1 }],
      ['mixed', 'MatMul', ['attention', 'normal'], {}],
      ['residual', 'Add', ['mixed', 'placed'], {}],
      ['hidden', 'MatMul', ['residual', 'hidden.weight'], {}],
      ['active', 'Gelu', ['hidden'], {}],
      ['mean', 'ReduceMean', ['active'], { axes: [1], keepdims: 0 }],
      ['logits', 'Gemm', ['mean', 'head.weight', 'head.bias'], { transB: 1 }],
    ] as const
  ).map(([name, op, inputs, attributes]) => ({ name, op, inputs, outputs: [name], attributes }))
  const shapes: Record<string, number[]> = {
    'patch.weight': [8, 3, 4, 4],
    'patch.bias': [8],
    positions: [4, 8],
    'norm.weight': [8],
    'norm.bias': [8],
    'query.weight': [8, 8],
    'key.weight': [8, 8],
    'hidden.weight': [8, 16],
    'head.weight': [5, 16],
    'head.bias': [5],
  }
  const parameters = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    trainable: true,
    initialiser: { kind: 'uniform' as const, bound: 0.5 },
  }))
  return {
    name: 'attention',
    inputs: [{ name: 'image', dtype: 'float32', shape: [null, 3, 8, 8] }],
    outputs: ['logits'],
    nodes,
    parameters,
  }
}

/** The range that gives a scheme exactly this scale and zero point. */
export function rangeOfScale(scheme: Scheme, scale: number, zeroPoint: number): ValueRange {
  const { qmin, qmax } = codeRange(scheme)
  if (scheme.symmetric) return { lo: -qmax * scale, hi: qmax * scale }
  return { lo: (qmin - zeroPoint) * scale, hi: (qmax - zeroPoint) * scale }
}
