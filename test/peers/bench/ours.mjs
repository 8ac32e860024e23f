// This package, built: the adapter beside those of the runtimes in runtimes/. It is imported from dist/ by path, because
// the peak loop and single integer steps are not part of the public face.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../../', import.meta.url)

/** Builds the package if dist/ is missing, and loads what the benchmarks use. */
export async function loadOurs() {
  if (!existsSync(new URL('dist/engine/index.js', root))) {
    const prepare = "import('./scripts/prepare.mjs').then(({ install, build }) => { install(); build() })"
    // What the build prints must not mix with our JSON.
    const { status } = spawnSync(process.execPath, ['-e', prepare], {
      cwd: fileURLToPath(root),
      stdio: ['ignore', process.stderr, 'inherit'],
    })
    if (status !== 0) throw new Error('the package in ../.. could not be built; npm run build there says why')
  }
  const modules = await Promise.all(
    [
      'engine/index.js',
      'engine/core/context.js',
      'engine/simd/peak.js',
      'workers/index.js',
      'quant/index.js',
      'quant/integer/execute/gemm.js',
      'runtime/index.js',
      'quant/integer/simd/workspace.js',
      'quant/integer/storage.js',
      'models/index.js',
      'models/onnx/codec/encode.js',
      'models/onnx/export/exportGraph.js',
      'models/onnx/export/exportProgram.js',
    ].map((path) => import(new URL(`dist/${path}`, root))),
  )
  return Object.assign({}, ...modules)
}

/** With new kernels the first runs are slower: pages are touched, and workers get to know the modules. */
const SETTLING_RUNS = 4
/** Bytes for kernels and scopes: plenty for every work, and cheap to make anew for each turn of a candidate. */
const MEMORY = 2 ** 28

/**
 * Two ways to make candidates that compute with `executor` and with one thread. The engine has one set of kernels at a
 * time, so each candidate chooses its own before its samples, and runs a few times, for the pages of the new memory.
 */
export function kernelSwitch({ useKernels }, executor) {
  const alone = Symbol('alone')
  let active = null
  const choose = (wanted) => {
    if (active === wanted) return false
    useKernels({ kernels: 'simd', bytes: MEMORY, executor: wanted === alone ? undefined : wanted })
    active = wanted
    return true
  }
  const bind = (wanted) => (make) => {
    choose(wanted)
    const candidate = make(wanted === alone ? undefined : wanted)
    return {
      ...candidate,
      enter() {
        if (!choose(wanted)) return
        const settle = () => {
          for (let i = 0; i < SETTLING_RUNS; i++) candidate.run()
        }
        if (candidate.within) candidate.within(settle)
        else settle()
      },
    }
  }
  return { threaded: bind(executor), alone: bind(alone) }
}

/**
 * A candidate for a float graph with one output; feeds: {name: {shape, data}}. With operands 'resident', inputs and
 * parameters lie in the memory of the kernels, and results stay there.
 */
export function floatCandidate(ours, graph, parameters, feeds, operands = 'arrays') {
  const { context, scope, noGrad, prepareGraph, runGraph, tensor } = ours
  const feed = (make) => Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, make(value)]))
  const [output] = graph.outputs
  if (operands === 'arrays') {
    const inputs = feed(({ data, shape }) => tensor(data, shape))
    const run = () => scope(() => noGrad(() => runGraph(graph, parameters, inputs)[output]))
    return { run: () => void run(), result: () => run().data }
  }
  let inputs = null
  let compute = null
  const place = ({ data, shape }) => {
    const placed = context.empty(shape)
    placed.data.set(data)
    return placed
  }
  const within = (body) =>
    scope(() => {
      inputs = feed(place)
      compute = prepareGraph(graph, parameters)
      return body()
    })
  return {
    within,
    run: () => scope(() => void compute(inputs)),
    result: () => within(() => compute(inputs)[output]).data,
  }
}

/** ResNet-20 for 32x32 pictures as it is used for inference: fresh parameters, batch norms folded. */
export function resnet20({ buildModel, initialise, foldBatchNorm }) {
  const graph = buildModel('resnet', { input: [3, 32, 32], classes: 10, depth: 20 })
  return foldBatchNorm(graph, initialise(graph, 1))
}
