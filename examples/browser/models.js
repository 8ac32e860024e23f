/** The checkpoint, what back ends make of it, and how their results compare. */

import { foldBatchNorm, loadSafetensors, noGrad, runGraph, scope, tensor, useKernels } from 'quant-trim'
import { buildModel, normalisationTable, parseIdxImages, statistics } from 'quant-trim/models'
import {
  engineFloatOperators,
  IntegerSession,
  insertClips,
  layerSqnr,
  logitSqnrDb,
  lower,
  prepare,
} from 'quant-trim/quant'
import { SIDE } from './digit.js'

/** Pictures that back ends calibrate on at a time. */
const BATCH = 16

const bytesOf = async (name) => {
  const response = await fetch(new URL(`model/${name}`, import.meta.url))
  if (!response.ok) throw new Error(`${name}: the server answered ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

const picturesOf = async (name) => {
  const { count, pixels } = parseIdxImages(await bytesOf(name), name)
  return Array.from({ length: count }, (_, i) => pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE))
}

/** The network's input for pictures of 28 x 28 bytes. */
export function inputOf(pictures) {
  const table = normalisationTable(statistics.mnist)
  const data = Float32Array.from(pictures.flatMap((pixels) => Array.from(pixels, (value) => table[value])))
  return tensor(data, [pictures.length, 1, SIDE, SIDE])
}

/** Loads the checkpoint with the pictures to calibrate on, and samples: one of each digit and a hard one. See model/README.md. */
export async function loadModel() {
  const [checkpoint, training, samples] = await Promise.all([
    bytesOf('checkpoint.safetensors'),
    picturesOf('calibration.idx3-ubyte'),
    picturesOf('samples.idx3-ubyte'),
  ])
  const { tensors, metadata } = loadSafetensors(checkpoint)
  const ranges = Object.entries(JSON.parse(metadata.ranges)).map(([name, [lo, hi]]) => [name, { lo, hi }])
  const net = buildModel('resnet', { input: [1, SIDE, SIDE], classes: 10, depth: 8, width: 6 })
  const { graph, parameters } = foldBatchNorm(insertClips(net, new Map(ranges)), tensors)
  const calibration = []
  for (let i = 0; i < training.length; i += BATCH) calibration.push(inputOf(training.slice(i, i + BATCH)))
  return { graph, parameters, calibration, samples }
}

/** The kernels that this browser can run: 'simd' first where WebAssembly SIMD may be compiled. */
export function availableKernels() {
  // A function that returns i8x16.popcnt(i8x16.splat(0)).
  const probe = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  ]
  try {
    new WebAssembly.Module(Uint8Array.from([...probe, 11]))
    return ['simd', 'plain']
  } catch {
    return ['plain']
  }
}

/** The float model, as a row of the table. */
export function floatEntry({ graph, parameters }) {
  const [{ name }] = graph.inputs
  const run = (input) =>
    scope(() => noGrad(() => runGraph(graph, parameters, { [name]: input })[graph.outputs[0]])).data
  return { key: 'float', label: 'float', run }
}

/** The same checkpoint compiled for a back end; `error` instead where that refuses it. */
export function compiledEntry(model, backend, weightBits, kernels) {
  const entry = { key: `${backend.name} W${weightBits}`, label: backend.name, backend, weightBits }
  try {
    const prepared = prepare(model.graph, model.parameters, backend, { weightBits, calibration: model.calibration })
    const program = lower(prepared.graph, prepared.parameters, backend, { ...prepared, weightBits })
    return withKernels({ ...entry, prepared, program }, kernels)
  } catch (error) {
    return { ...entry, error: error.message }
  }
}

/** An entry that computes with other kernels. */
export function withKernels(entry, kernels) {
  if (entry.program === undefined) return entry
  const session = new IntegerSession(entry.program, { kernels, floatOperators: engineFloatOperators })
  return { ...entry, session, run: (input) => session.run(input).data }
}

/** Chooses the kernels of the float model. 64 MiB are enough for it, and are to be had on a phone. */
export function chooseKernels(kernels) {
  useKernels({ kernels, bytes: 2 ** 26 })
}

/** Milliseconds that a function takes: the median of five measurements, each of as many calls as take about 2 ms. */
export function timeOf(call) {
  const measure = (calls) => {
    const begun = performance.now()
    for (let i = 0; i < calls; i++) call()
    return performance.now() - begun
  }
  let calls = 1
  while (measure(calls) < 2 && calls < 4096) calls *= 2
  const times = Array.from({ length: 5 }, () => measure(calls) / calls)
  return times.sort((a, b) => a - b)[2]
}

/** SQNR of an entry's logits against float's, in dB. */
export function sqnrOf(reference, logits) {
  return logitSqnrDb(reference, logits)
}

/** For each layer, { name, op, sqnrDb } against the float model. */
export function noiseOf({ backend, weightBits, prepared, program }, input) {
  return layerSqnr(prepared, { backend, weightBits }, program, [input]).layers
}

/** Every tensor of a run in the order of the steps: { data, scale, zeroPoint }, the scale null where it holds real numbers. */
function tensorsOf({ session, program }, input) {
  const trace = new Map()
  const traceFloats = new Map()
  session.run(input, { trace, traceFloats })
  const { header } = program
  const values = new Map(header.values.map((value) => [value.name, value]))
  const names = [header.input.value, ...header.steps.map(({ output }) => output)]
  return new Map(
    names.map((name) => {
      const codes = trace.get(name)
      if (codes === undefined) return [name, { data: traceFloats.get(name).data, scale: null, zeroPoint: 0 }]
      const { scale, zeroPoint } = values.get(name)
      return [name, { data: codes.data, scale, zeroPoint }]
    }),
  )
}

/**
 * Compares what two programs compute, tensor by tensor, in the order of the first: { name, total, differing, most, unit }.
 * unit 'codes': the scales are equal, and codes are compared, less their zero points. 'steps': they are not, real numbers are
 * compared, and those differ that are further apart than one step of the coarser scale. 'real': neither has codes.
 */
export function compareTensors(a, b, input) {
  const others = tensorsOf(b, input)
  return [...tensorsOf(a, input)].flatMap(([name, ours]) => {
    const theirs = others.get(name)
    if (theirs === undefined || theirs.data.length !== ours.data.length) return []
    const unit = ours.scale !== theirs.scale ? 'steps' : ours.scale === null ? 'real' : 'codes'
    const step = unit === 'steps' ? Math.max(ours.scale ?? 0, theirs.scale ?? 0) : 1
    // Where the scales are equal, codes less their zero points are compared as they are.
    const factor = ({ scale }) => (unit === 'steps' ? (scale ?? 1) : 1)
    const limit = unit === 'steps' ? 1 : 0
    let [differing, most] = [0, 0]
    for (let i = 0; i < ours.data.length; i++) {
      const x = (ours.data[i] - ours.zeroPoint) * factor(ours)
      const y = (theirs.data[i] - theirs.zeroPoint) * factor(theirs)
      const distance = Math.abs(x - y) / step
      if (distance > limit) differing++
      most = Math.max(most, distance)
    }
    return [{ name, total: ours.data.length, differing, most, unit }]
  })
}
