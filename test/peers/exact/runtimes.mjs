// The running software: ONNX Runtime native and in WebAssembly, one thread each, with the same interface.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ours } from './ours.mjs'

const NATIVE = { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1 }

/** By name: how a runtime is loaded. */
export const runtimes = {
  async 'ort-node'() {
    const { default: ort } = await import('onnxruntime-node')
    const { open, run } = runtime(ort, NATIVE)
    return { open, run, fusedOperators: (bytes) => fusedOperators(open, bytes) }
  },
  async 'ort-web'() {
    const ort = await import('onnxruntime-web/wasm')
    ort.env.wasm.numThreads = 1
    ort.env.logLevel = 'error'
    return runtime(ort, { executionProviders: ['wasm'] })
  },
}

/** How many nodes of each operator are left when the optimiser has done its work: {operator: count}. */
async function fusedOperators(open, bytes) {
  const folder = mkdtempSync(join(tmpdir(), 'quant-trim-'))
  try {
    const optimizedModelFilePath = join(folder, 'optimised.onnx')
    const session = await open(bytes, { optimizedModelFilePath })
    await session.release()
    const counts = {}
    for (const { op } of ours.decodeModel(readFileSync(optimizedModelFilePath)).graph.nodes) {
      counts[op] = (counts[op] ?? 0) + 1
    }
    return counts
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function runtime(ort, common) {
  /**
   * A session of the bytes of a model. `run(feeds)` takes {name: OnnxTensor} and gives the outputs' elements by name. `options`
   * go to the session: graphOptimizationLevel and the like.
   */
  async function open(bytes, options = {}) {
    const session = await ort.InferenceSession.create(bytes, {
      ...common,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...options,
    })
    return {
      async run(feeds) {
        const inputs = Object.entries(feeds).map(([name, { type, dims, data }]) => [
          name,
          new ort.Tensor(type, data, dims),
        ])
        const outputs = await session.run(Object.fromEntries(inputs))
        return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]))
      },
      release: () => session.release(),
    }
  }
  return {
    open,
    /** Runs the bytes of a model once. */
    async run(bytes, feeds, options) {
      const session = await open(bytes, options)
      try {
        return await session.run(feeds)
      } finally {
        await session.release()
      }
    },
  }
}
