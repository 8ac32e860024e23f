import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { createGolden, type Files } from '../../../models/golden/create.ts'
import { INTERMEDIATES, OUTPUT } from '../../../models/golden/manifest.ts'
import { encodeNpy } from '../../../models/golden/npy.ts'
import { callOf, compute, type OperationCall, operationsOf } from '../../../models/golden/operation.ts'
import { type Golden, readGolden } from '../../../models/golden/read.ts'
import { encodeTensor } from '../../../models/onnx/codec/encode.ts'
import { codeRange } from '../../../quant/affine/scheme.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import { calibrate } from '../../../quant/integer/calibrate.ts'
import { lower } from '../../../quant/integer/compile.ts'
import { type IntegerProgram, valuesByName } from '../../../quant/integer/program.ts'

/** A residual network of 12 layers with weights, a flatten of pictures before the last. */
export function residualNetwork(): Graph {
  const block = (g: GraphBuilder, x: Value, name: string, out: number, stride: number): Value => {
    let y = g.relu(g.conv(x, { name: `${name}.conv1`, out, kernel: 3, stride, pad: 1 }), { name: `${name}.relu1` })
    y = g.conv(y, { name: `${name}.conv2`, out, kernel: 3, pad: 1 })
    const shortcut = stride === 1 ? x : g.conv(x, { name: `${name}.shortcut`, out, kernel: 1, stride })
    return g.relu(g.add(y, shortcut, { name: `${name}.add` }), { name: `${name}.relu2` })
  }
  return buildGraph('residual', (g) => {
    let x = g.input('image', [null, 3, 12, 12])
    x = g.relu(g.conv(x, { name: 'stem', out: 6, kernel: 3, pad: 1 }), { name: 'stem.relu' })
    x = block(g, x, 'a', 6, 1)
    x = block(g, x, 'b', 8, 2)
    x = block(g, x, 'c', 8, 1)
    x = block(g, x, 'd', 8, 1)
    return g.linear(g.maxPool(x, { name: 'pool', kernel: 2 }), { name: 'logits', out: 5 })
  })
}

/** Weights that are small codes times a power of two, one code of 127 a channel: so multipliers meet ties. */
function tieParameters(graph: Graph): Parameters {
  const parameters: Parameters = new Map()
  for (const { name, shape } of graph.parameters) {
    const random = new RandomStream(3, name)
    const perChannel = shape.slice(1).reduce((a, b) => a * b, 1)
    const values = Array.from({ length: shape[0] * perChannel }, (_, i) => {
      const c = Math.floor(i / perChannel)
      const scale = 2 ** -(8 + (c % 2)) * (c % 3 === 0 ? 0.75 : 1)
      if (shape.length === 1) return (random.integer(201) - 100) / 256
      return (i % perChannel === c % perChannel ? 127 : random.integer(41) - 20) * scale
    })
    parameters.set(name, tensor(values, shape))
  }
  return parameters
}

export function randomImages(count: number, shape: readonly number[]): FloatTensor {
  const random = new RandomStream(5, 'images')
  const size = shape.reduce((a, b) => a * b, count)
  return tensor(
    Array.from({ length: size }, () => (random.integer(256) - 128) / 128),
    [count, ...shape],
  )
}

/** A graph with scales that are powers of two and odd zero points, compiled for a back end. */
export function tieProgram(graph: Graph, backendName: string): IntegerProgram {
  const backend = findBackend(backendName)
  const parameters = tieParameters(graph)
  const images = randomImages(8, graph.inputs[0].shape.slice(1) as number[])
  const { qmin, qmax } = codeRange(backend.activations)
  const ranges = new Map(
    Array.from(calibrate(graph, parameters, backend, [images]), ([name, { lo, hi }]) => {
      // One layer saturates a little: a finer scale meets more ties.
      const finer = name === 'b.conv2' ? 2 : 0
      const scale = 2 ** (Math.ceil(Math.log2((Math.max(hi, 0) - Math.min(lo, 0)) / (qmax - qmin))) - finer)
      const zero = Math.min(Math.floor(-Math.min(lo, 0) / scale) | 1, 127)
      return [name, { lo: -zero * scale, hi: (qmax - qmin - zero) * scale }]
    }),
  )
  return lower(graph, parameters, backend, { ranges })
}

export async function goldenOf(program: IntegerProgram, count = 4): Promise<{ files: Files; golden: Golden }> {
  const input = valuesByName(program.header).get(program.header.input.value)
  const images = randomImages(count, input?.shape as number[])
  const files = await createGolden({ program, backend: findBackend(program.header.backend), images, version: '1.2.3' })
  return { files, golden: await readGolden(files) }
}

/** Codes of every value where the operators named in `faults` compute something else. */
export function runFaulty(
  { program, images }: Golden,
  faults: Readonly<Record<string, (call: OperationCall) => Int32Array>>,
): Map<string, Int32Array> {
  const codes = new Map<string, Int32Array>()
  for (const operation of operationsOf(program)) {
    const call = callOf(operation, program, codes, images.data, images.shape[0])
    codes.set(operation.output, faults[operation.name]?.(call) ?? compute(call))
  }
  return codes
}

/** The files that software with these codes would write: all values as .npy, or the output alone as .pb of real numbers. */
export function candidateOf(
  { program, images, manifest }: Golden,
  codes: ReadonlyMap<string, Int32Array>,
  what: 'all' | 'output' = 'all',
): Map<string, Uint8Array> {
  const values = valuesByName(program.header)
  const files = new Map<string, Uint8Array>()
  const { output } = program.header
  const last = values.get(output)
  if (last === undefined) throw new Error('no output')
  const real = Float32Array.from(codes.get(output) as Int32Array, (q) => (q - last.zeroPoint) * last.scale)
  const dims = [images.shape[0], ...last.shape]
  files.set(OUTPUT, encodeTensor(output, { type: 'float32', dims, data: real }))
  if (what === 'output') return files
  for (const { name, file } of manifest.values) {
    const shape = [images.shape[0], ...(values.get(name)?.shape ?? [])]
    files.set(file, encodeNpy({ type: 'int32', dims: shape, data: codes.get(name) as Int32Array }))
  }
  return files
}

/** The golden file of a value. */
export function fileOf({ manifest }: Golden, name: string): string {
  const found = manifest.values.find((value) => value.name === name)
  if (found === undefined) throw new Error(`no value ${name} below ${INTERMEDIATES}`)
  return found.file
}
