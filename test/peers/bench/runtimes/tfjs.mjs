// TensorFlow.js: its plain JavaScript back end and its WebAssembly one (SIMD, one thread). Both want NHWC: pictures are
// turned once, outside the time measured.

/** The adapter for back end 'cpu' or 'wasm'. */
export async function tfjs(backend) {
  const tf = await import('@tensorflow/tfjs')
  // Without this the cpu back end advertises another package.
  tf.enableProdMode()
  if (backend === 'wasm') {
    const { setThreadsCount } = await import('@tensorflow/tfjs-backend-wasm')
    setThreadsCount(1)
  }
  const enter = async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`tfjs: there is no back end ${backend} here`)
  }
  return {
    tf,
    enter,
    /**
     * A candidate for a float graph of ours with one output; feeds: {name: {shape, data}}. Inputs are tensors, and so is the
     * result: nothing is uploaded or downloaded while it is timed. Both back ends compute at once, without being asked
     * for the data.
     */
    async network({ graph, parameters, feeds }) {
      await enter()
      const inputs = Object.entries(feeds).map(([name, value]) => [name, toTensor(tf, value)])
      const compute = interpret(tf, graph, parameters)
      const output = () => compute(new Map(inputs))
      return {
        enter,
        run: () => tf.tidy(() => void output()),
        result: () =>
          tf.tidy(() => {
            const out = output()
            return (out.rank === 4 ? tf.transpose(out, [0, 3, 1, 2]) : out).dataSync()
          }),
        // Tensors of a few works are few; the process ends soon.
        release: () => {},
      }
    },
  }
}

/** A tensor of ours, a picture turned to NHWC. */
function toTensor(tf, { shape, data }) {
  const plain = tf.tensor(data, shape, 'float32')
  if (shape.length !== 4) return plain
  const turned = tf.transpose(plain, [0, 2, 3, 1])
  plain.dispose()
  return turned
}

/** A function from a graph's inputs to its output. A Relu that alone follows a Conv is fused into it, as tfjs offers. */
function interpret(tf, graph, parameters) {
  const readers = (name) => graph.nodes.filter((node) => node.inputs.includes(name))
  const fused = new Map()
  for (const node of graph.nodes) {
    const [next, ...others] = readers(node.outputs[0])
    if (node.op === 'Conv' && next?.op === 'Relu' && others.length === 0) fused.set(next, node)
  }
  const convolutions = new Set(fused.values())
  const steps = graph.nodes
    .filter((node) => !convolutions.has(node))
    .map((node) => {
      const main = fused.get(node) ?? node
      const build = builders[main.op]
      if (build === undefined) throw new Error(`tfjs: no translation of ${main.op}`)
      return {
        compute: build(tf, main, parameters, fused.has(node) ? 'relu' : undefined),
        inputs: main.inputs.filter((name) => !parameters.has(name)),
        output: node.outputs[0],
      }
    })
  return (values) => {
    for (const { compute, inputs, output } of steps) values.set(output, compute(...inputs.map((x) => values.get(x))))
    return values.get(graph.outputs[0])
  }
}

/** ONNX operator to a function of tfjs tensors. */
const builders = {
  Conv: convolution,
  Gemm(tf, { inputs: [, weight, bias], attributes }, parameters) {
    // Transposed in advance: with transposeB the wasm back end of tfjs 4.22 leaves the bias out.
    const b = tf.transpose(toTensor(tf, parameters.get(weight)), attributes.transB === 1 ? [1, 0] : [0, 1])
    const c = toTensor(tf, parameters.get(bias))
    return (a) => tf.fused.matMul({ a, b, bias: c })
  },
  MatMul: (tf) => (a, b) => tf.matMul(a, b),
  Add: (tf) => (a, b) => tf.add(a, b),
  Relu: (tf) => (x) => tf.relu(x),
  // The mean leaves [N, C], which Flatten then has nothing to do with.
  GlobalAveragePool: (tf) => (x) => tf.mean(x, [1, 2]),
  Flatten: () => (x) => x,
}

function convolution(tf, { inputs: [, weight, bias], attributes }, parameters, activation) {
  const { shape, data } = parameters.get(weight)
  const [top, left, bottom, right] = attributes.pads
  const depthwise = attributes.group > 1
  // [out, in, h, w] becomes [h, w, in, out]; depthwise [h, w, channels, 1].
  const filter = tf.transpose(tf.tensor(data, shape), depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])
  const options = {
    filter,
    strides: attributes.strides,
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    bias: toTensor(tf, parameters.get(bias)),
    activation,
  }
  const apply = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d
  return (x) => apply({ x, ...options })
}
