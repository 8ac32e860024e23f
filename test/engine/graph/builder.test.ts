import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import type { OpName } from '../../../engine/ops/names.ts'

const test = suite('graph builder')

type ErrorClass = new (message: string) => Error

/** Checks that a graph with an input `x` of [?, 4, 8, 8] cannot be built. */
function refused(body: (g: GraphBuilder, x: Value) => unknown, kind: ErrorClass, message: RegExp): void {
  assert.throws(
    () =>
      buildGraph('net', (g) => {
        const x = g.input('x', [null, 4, 8, 8])
        body(g, x)
        return g.relu(x, { name: 'last' })
      }),
    (error: Error) => {
      assert.instance(error, kind)
      assert.match(error.message, message)
      return true
    },
  )
}

test('nodes, attributes, parameters and shapes of a small net', () => {
  const shapes: unknown[] = []
  const graph = buildGraph('tiny', (g) => {
    let x = g.input('image', [null, 2, 9, 8])
    x = g.conv(x, { out: 6, kernel: [3, 5], stride: 2, pad: [1, 2], dilation: 1, groups: 2 })
    shapes.push(g.spec(x).shape)
    x = g.relu6(g.batchNorm(x, { eps: 1e-3, momentum: 0.25 }))
    x = g.linear(x, { out: 3, bias: false })
    shapes.push(g.spec(x).shape)
    return x
  })
  assert.is(graph.name, 'tiny')
  assert.equal(shapes, [
    [null, 6, 5, 4],
    [null, 3],
  ])
  assert.equal(graph.inputs, [{ name: 'image', dtype: 'float32', shape: [null, 2, 9, 8] }])
  assert.equal(graph.outputs, ['fc1'])
  assert.equal(graph.nodes, [
    {
      name: 'conv1',
      op: 'Conv',
      inputs: ['image', 'conv1.weight', 'conv1.bias'],
      outputs: ['conv1'],
      attributes: { kernel_shape: [3, 5], strides: [2, 2], pads: [1, 2, 1, 2], dilations: [1, 1], group: 2 },
    },
    {
      name: 'bn1',
      op: 'BatchNormalization',
      inputs: ['conv1', 'bn1.weight', 'bn1.bias', 'bn1.running_mean', 'bn1.running_var'],
      outputs: ['bn1'],
      attributes: { epsilon: 1e-3, momentum: 0.75 },
    },
    { name: 'clip1', op: 'Clip', inputs: ['bn1'], outputs: ['clip1'], attributes: { min: 0, max: 6 } },
    { name: 'fc1.flatten', op: 'Flatten', inputs: ['clip1'], outputs: ['fc1.flatten'], attributes: { axis: 1 } },
    { name: 'fc1', op: 'Gemm', inputs: ['fc1.flatten', 'fc1.weight'], outputs: ['fc1'], attributes: { transB: 1 } },
  ])
  const bound = Math.sqrt(6 / 15)
  const half = 1 / Math.sqrt(15)
  assert.equal(graph.parameters, [
    { name: 'conv1.weight', shape: [6, 1, 3, 5], trainable: true, initialiser: { kind: 'uniform', bound } },
    { name: 'conv1.bias', shape: [6], trainable: true, initialiser: { kind: 'uniform', bound: half } },
    { name: 'bn1.weight', shape: [6], trainable: true, initialiser: { kind: 'constant', value: 1 } },
    { name: 'bn1.bias', shape: [6], trainable: true, initialiser: { kind: 'constant', value: 0 } },
    { name: 'bn1.running_mean', shape: [6], trainable: false, initialiser: { kind: 'constant', value: 0 } },
    { name: 'bn1.running_var', shape: [6], trainable: false, initialiser: { kind: 'constant', value: 1 } },
    {
      name: 'fc1.weight',
      shape: [3, 120],
      trainable: true,
      initialiser: { kind: 'uniform', bound: Math.sqrt(6 / 120) },
    },
  ])
})

test('every layer method makes its operator', () => {
  const graph = buildGraph('layers', (g) => {
    const x = g.input('x', [null, 4, 8, 8])
    const up = g.convTranspose(x, { out: 6, kernel: 3, stride: 2, pad: 1, outputPad: 1, groups: 2 })
    assert.equal(g.spec(up).shape, [null, 6, 16, 16])
    for (const y of [
      g.relu(x),
      g.clip(x, { min: -1 }),
      g.leakyRelu(x),
      g.sigmoid(x),
      g.tanh(x),
      g.gelu(x),
      g.silu(x),
    ]) {
      assert.equal(g.spec(y).shape, [null, 4, 8, 8])
    }
    const sum = g.mul(g.sub(g.add(g.hardswish(x), x), g.hardsigmoid(x)), x)
    const pooled = g.avgPool(g.maxPool(sum, { kernel: 2 }), { kernel: 3, stride: 1, pad: 1, countPad: false })
    assert.equal(g.spec(pooled).shape, [null, 4, 4, 4])
    const both = g.concat([pooled, pooled])
    assert.equal(g.spec(g.globalAvgPool(both)).shape, [null, 8, 1, 1])
    const rows = g.softmax(g.reshape(both, { shape: [0, -1, 16] }))
    assert.equal(g.spec(rows).shape, [null, 8, 16])
    return g.node('Softplus', [g.flatten(rows)])
  })
  assert.equal(
    graph.nodes.map(({ op, name }) => `${op} ${name}`),
    [
      'ConvTranspose convTranspose1',
      'Relu relu1',
      'Clip clip1',
      'LeakyRelu leakyRelu1',
      'Sigmoid sigmoid1',
      'Tanh tanh1',
      'Gelu gelu1',
      'Swish silu1',
      'HardSwish hardSwish1',
      'Add add1',
      'HardSigmoid hardSigmoid1',
      'Sub sub1',
      'Mul mul1',
      'MaxPool maxPool1',
      'AveragePool averagePool1',
      'Concat concat1',
      'GlobalAveragePool globalAveragePool1',
      'Reshape reshape1',
      'Softmax softmax1',
      'Flatten flatten1',
      'Softplus softplus1',
    ],
  )
  assert.equal(graph.nodes[2].attributes, { min: -1 })
  assert.equal(graph.nodes[0].attributes, {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
    dilations: [1, 1],
    group: 2,
  })
  assert.equal(graph.nodes[14].attributes, {
    kernel_shape: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    count_include_pad: 0,
  })
  assert.equal(graph.parameters[0].shape, [4, 3, 3, 3])
  // 4 / 2 channels * 9 taps spread over a stride area of 4: 4.5 products an output.
  assert.equal(graph.parameters[0].initialiser, { kind: 'uniform', bound: Math.sqrt(6 / 4.5) })
})

test('scopes nest, count by themselves and prefix parameters', () => {
  const graph = buildGraph('scoped', (g) => {
    let x = g.input('x', [null, 4, 8, 8])
    const step = () => {
      x = g.conv(x, { out: 4, kernel: 1 })
    }
    step()
    g.scope('stages.0', () => {
      step()
      g.scope('inner', step)
      step()
    })
    g.scope('stages.0', step)
    g.conv(x, { name: 'conv2', out: 4, kernel: 1 })
    step()
    return x
  })
  assert.equal(
    graph.nodes.map(({ name }) => name),
    ['conv1', 'stages.0.conv1', 'stages.0.inner.conv1', 'stages.0.conv2', 'stages.0.conv3', 'conv2', 'conv3'],
  )
  assert.equal(graph.nodes[2].inputs, ['stages.0.conv1', 'stages.0.inner.conv1.weight', 'stages.0.inner.conv1.bias'])
})

test('a scope ends when its body throws', () => {
  const graph = buildGraph('scoped', (g) => {
    const x = g.input('x', [1])
    assert.throws(() =>
      g.scope('inner', () => {
        throw new Error('stop')
      }),
    )
    return g.relu(x)
  })
  assert.equal(graph.outputs, ['relu1'])
})

test('outputs: several, and renamed wherever they are used', () => {
  const many = buildGraph('many', (g) => {
    const x = g.input('x', [2])
    return [g.relu(x), x]
  })
  assert.equal(many.outputs, ['relu1', 'x'])
  const renamed = buildGraph('renamed', (g) => {
    const a = g.relu(g.input('x', [2]))
    return { logits: g.relu(a), features: a }
  })
  assert.equal(renamed.outputs, ['logits', 'features'])
  assert.equal(
    renamed.nodes.map(({ name, inputs, outputs }) => [name, inputs, outputs]),
    [
      ['relu1', ['x'], ['features']],
      ['relu2', ['features'], ['logits']],
    ],
  )
})

test('outputs that cannot be', () => {
  const build = (result: (g: GraphBuilder, x: Value) => Value | Value[] | Record<string, Value>) => () =>
    buildGraph('net', (g) => result(g, g.input('x', [2])))
  const usage = (message: RegExp) => (error: Error) => error instanceof UsageError && message.test(error.message)
  assert.throws(
    build((g, x) => [g.relu(x), g.relu(x, { name: 'b' })].slice(0, 0)),
    usage(/it has no outputs/),
  )
  assert.throws(
    build((_, x) => [x, x]),
    usage(/'x' is returned as two outputs/),
  )
  assert.throws(
    build((_, x) => ({ y: x })),
    usage(/'x' cannot be renamed 'y': no node makes it/),
  )
  assert.throws(
    build((g, x) => ({ x: g.relu(x) })),
    usage(/the output name 'x' is taken/),
  )
  assert.throws(
    build((g) => g.parameter('w', [1], { kind: 'constant', value: 0 })),
    usage(/'w' is a parameter/),
  )
  assert.throws(
    build(() => ({ name: 'x' })),
    usage(/'x' is a value of another graph/),
  )
})

test('names that are taken', () => {
  refused((g, x) => [g.relu(x, { name: 'a' }), g.relu(x, { name: 'a' })], UsageError, /two tensors are named 'a'/)
  refused((g) => g.input('x', [1]), UsageError, /two tensors are named 'x'/)
  refused(
    (g, x) => [g.linear(x, { name: 'fc', out: 2 }), g.batchNorm(x, { name: 'fc' })],
    UsageError,
    /two tensors are named 'fc.weight'/,
  )
  refused((g) => g.input('', [1]), UsageError, /empty name/)
  refused((g) => g.scope('', () => 0), UsageError, /a scope has an empty name/)
})

test('shapes that do not fit name graph, node and operator', () => {
  refused(
    (g, x) => g.conv(x, { out: 6, kernel: 3, groups: 3 }),
    ShapeError,
    /^graph net: node 'conv1' \(Conv\): 4 channels do not split into 3 groups/,
  )
  refused(
    (g, x) => g.convTranspose(x, { out: 6, kernel: 3, groups: 4 }),
    ShapeError,
    /\(ConvTranspose\): 6 channels do not split into 4/,
  )
  refused((g, x) => g.conv(x, { out: 6, kernel: 9 }), ShapeError, /^graph net: node 'conv1' \(Conv\): /)
  refused(
    (g, x) => g.scope('s', () => g.add(x, g.maxPool(x, { kernel: 2 }))),
    ShapeError,
    /^graph net: node 's.add1' \(Add\): /,
  )
  refused(
    (g) => g.linear(g.input('y', [4, null]), { name: 'fc', out: 2 }),
    ShapeError,
    /node 'fc' \(Gemm\): dimension 1 of its input 'y', \[4, \?\], must exist and be known/,
  )
  refused(
    (g) => g.batchNorm(g.input('y', [4])),
    ShapeError,
    /'bn1' \(BatchNormalization\): dimension 1 of its input 'y', \[4\]/,
  )
})

test('operators that do not exist', () => {
  refused(
    (g, x) => g.node('Foo' as OpName, [x], {}, 'f'),
    UnsupportedError,
    /^graph net: node 'f' \(Foo\): there is no such operator; there are .*Relu/,
  )
  refused((g, x) => g.node('toString' as OpName, [x]), UnsupportedError, /no such operator/)
})

test.run()
