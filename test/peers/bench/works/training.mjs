// Training steps: forward, loss, gradients, SGD.

import { random } from '../random.mjs'

const BATCH = 64
const RESNET_BATCH = 32
const CHANNELS = [16, 32, 64]
const CLASSES = 10
/** Pixels of a side after three poolings of 28. */
const SIDE = 3
const LEARNING_RATE = 0.05
const EPSILON = 1e-5

/** The form is that of floatWorks. */
export const trainingWorks = [
  {
    name: `train-conv3-b${BATCH}`,
    unit: 'images/s',
    amount: BATCH,
    tolerance: { tolerance: 1e-3 },
    // The wasm back end of tfjs has no gradient of conv2d's filter; ONNX Runtime does not train here.
    peers: ['tfjs-cpu'],
    async prepare(ours) {
      const labels = someLabels(BATCH)
      const images = random([BATCH, 1, 28, 28], 'images')
      const graph = network(ours)
      const start = ours.initialise(graph, 1)
      return {
        own: () => ourStep(ours, graph, start, images, labels, { lr: LEARNING_RATE }),
        peer: (runtime) => tfjsStep(runtime, start, images, labels),
      }
    },
  },
  {
    name: `resnet20-train-b${RESNET_BATCH}`,
    unit: 'images/s',
    amount: RESNET_BATCH,
    tolerance: { tolerance: 1e-3 },
    // With itself alone, on one thread.
    peers: [],
    async prepare(ours) {
      const graph = ours.buildModel('resnet', { input: [3, 32, 32], classes: CLASSES, depth: 20 })
      const start = ours.initialise(graph, 1)
      const images = random([RESNET_BATCH, 3, 32, 32], 'images')
      // So low a rate keeps everything finite however often the step is run.
      const options = { lr: 1e-6, momentum: 0.9 }
      return { own: () => ourStep(ours, graph, start, images, someLabels(RESNET_BATCH), options) }
    },
  },
]

function someLabels(count) {
  return Int32Array.from({ length: count }, (_, i) => (i * 7) % CLASSES)
}

function network({ buildGraph }) {
  return buildGraph('conv3', (g) => {
    let x = g.input('image', [null, 1, 28, 28])
    for (const out of CHANNELS) {
      x = g.maxPool(g.relu(g.batchNorm(g.conv(x, { out, kernel: 3, pad: 1, bias: false }))), { kernel: 2 })
    }
    return { logits: g.linear(x, { name: 'fc', out: CLASSES }) }
  })
}

/** The result is every trainable parameter after the first step, one after the other. */
function ourStep(ours, graph, start, images, labels, options) {
  const { scope, runGraph, crossEntropy, trainableParameters, SGD, tensor } = ours
  const parameters = new Map([...start].map(([name, value]) => [name, value.clone()]))
  const trainable = trainableParameters(graph, parameters)
  const optimiser = new SGD(trainable, options)
  const image = tensor(images.data, images.shape)
  const target = tensor(labels, [labels.length], { dtype: 'int32' })
  const run = () => {
    scope(() => {
      const { logits } = runGraph(graph, parameters, { image }, { training: true })
      crossEntropy(logits, target).backward()
      optimiser.step()
      optimiser.zeroGrad()
    })
  }
  return {
    run,
    result() {
      run()
      return [...trainable.values()].flatMap(({ data }) => [...data])
    },
  }
}

async function tfjsStep({ tf, enter }, start, images, labels) {
  await enter()
  const x = tf.tensor(images.data, [BATCH, 28, 28, 1])
  const target = tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).toFloat()
  const initial = (name) => tf.tensor(start.get(name).data, start.get(name).shape)
  const layers = CHANNELS.map((_, i) => ({
    filter: tf.variable(tf.transpose(initial(`conv${i + 1}.weight`), [2, 3, 1, 0])),
    scale: tf.variable(initial(`bn${i + 1}.weight`)),
    offset: tf.variable(initial(`bn${i + 1}.bias`)),
  }))
  // Our features are flattened from [channels, rows, columns], theirs from [rows, columns, channels].
  const features = [CLASSES, CHANNELS[2], SIDE, SIDE]
  const weight = tf.variable(
    tf.reshape(tf.transpose(tf.reshape(initial('fc.weight'), features), [2, 3, 1, 0]), [-1, CLASSES]),
  )
  const bias = tf.variable(initial('fc.bias'))
  const optimiser = tf.train.sgd(LEARNING_RATE)
  const loss = () => {
    let y = x
    for (const { filter, scale, offset } of layers) {
      y = tf.conv2d(y, filter, 1, 'same')
      const { mean, variance } = tf.moments(y, [0, 1, 2])
      y = tf.maxPool(tf.relu(tf.batchNorm(y, mean, variance, offset, scale, EPSILON)), 2, 2, 'valid')
    }
    const logits = tf.add(tf.matMul(tf.reshape(y, [BATCH, -1]), weight), bias)
    return tf.losses.softmaxCrossEntropy(target, logits)
  }
  const run = () => tf.tidy(() => void optimiser.minimize(loss))
  const back = () => [
    ...layers.flatMap(({ filter, scale, offset }) => [tf.transpose(filter, [3, 2, 0, 1]), scale, offset]),
    tf.transpose(tf.reshape(weight, [SIDE, SIDE, CHANNELS[2], CLASSES]), [3, 2, 0, 1]),
    bias,
  ]
  return {
    enter,
    run,
    async result() {
      run()
      return back().flatMap((value) => [...value.dataSync()])
    },
    release: () => {},
  }
}
