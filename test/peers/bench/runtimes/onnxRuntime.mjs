// ONNX Runtime: the WebAssembly build (CPU, SIMD) and the native one. Same interface, so one adapter.

/** ONNX Runtime Web on one thread. */
export async function ortWeb() {
  const ort = await import('onnxruntime-web/wasm')
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'error'
  return onnxRuntime(ort, { executionProviders: ['wasm'] })
}

/** ONNX Runtime native, with `threads` threads within an operator. */
export async function ortNode(threads) {
  const { default: ort } = await import('onnxruntime-node')
  return onnxRuntime(ort, { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 })
}

function onnxRuntime(ort, options) {
  return {
    /** A candidate for the bytes of a model with one output; feeds: {name: {dtype, shape, data}}. */
    async network({ bytes, feeds }) {
      const session = await ort.InferenceSession.create(bytes, {
        ...options,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      })
      const inputs = {}
      for (const [name, { dtype, shape, data }] of Object.entries(feeds)) {
        inputs[name] = new ort.Tensor(dtype, data, shape)
      }
      const [output] = session.outputNames
      return {
        run: () => session.run(inputs),
        result: async () => (await session.run(inputs))[output].data,
        release: () => session.release(),
      }
    },
  }
}
