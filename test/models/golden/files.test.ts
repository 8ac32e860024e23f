import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { checkGolden } from '../../../models/golden/check.ts'
import { createGolden, type Files } from '../../../models/golden/create.ts'
import {
  decodeManifest,
  fileNameOf,
  INPUT,
  MANIFEST,
  OUTPUT,
  PROGRAM,
  sha256,
} from '../../../models/golden/manifest.ts'
import { decodeNpy, encodeNpy } from '../../../models/golden/npy.ts'
import { readGolden } from '../../../models/golden/read.ts'
import { decodeModel, decodeTensor } from '../../../models/onnx/codec/decode.ts'
import { encodeTensor } from '../../../models/onnx/codec/encode.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import { messageOf } from '../../support/messageOf.ts'
import { candidateOf, fileOf, goldenOf, randomImages, tieProgram } from './network.ts'

const test = suite('golden files')

const graph = buildGraph('two', (g) => {
  const x = g.relu(g.conv(g.input('image', [null, 1, 4, 3]), { name: 'block/1', out: 2, kernel: 3, pad: 1 }))
  return g.linear(x, { name: 'out', out: 3 })
})
const program = tieProgram(graph, 'tflm')
const { files, golden } = await goldenOf(program, 2)

/** What reading these files rejects with, which must be a `FormatError`. */
async function refusal(changed: Files): Promise<string> {
  try {
    await readGolden(changed)
  } catch (error) {
    assert.instance(error, FormatError)
    return (error as Error).message
  }
  return 'nothing was thrown'
}

const without = (path: string): Files => new Map([...files].filter(([name]) => name !== path))
const replaced = (path: string, bytes: Uint8Array): Files => new Map([...files, [path, bytes]])
const textOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

test('SHA-256: the vectors of FIPS 180-4', async () => {
  const of = (text: string): Promise<string> => sha256(new TextEncoder().encode(text))
  assert.is(await of('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.is(await of(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('ONNX test layout, every value as .npy, everything hashed', async () => {
  const manifest = decodeManifest(files.get(MANIFEST) as Uint8Array)
  assert.equal(
    manifest.values.map(({ name, file }) => `${name} ${file}`),
    [
      'image test_data_set_0/intermediates/000_image.npy',
      'relu1 test_data_set_0/intermediates/001_relu1.npy',
      'out.flatten test_data_set_0/intermediates/002_out.flatten.npy',
      'out test_data_set_0/intermediates/003_out.npy',
    ],
  )
  assert.equal([...files.keys()].slice(1, 5), ['model.onnx', PROGRAM, INPUT, OUTPUT])
  assert.equal(Object.keys(manifest.files), [...files.keys()].slice(1))
  for (const [path, { bytes, sha256: digest }] of Object.entries(manifest.files)) {
    assert.is(files.get(path)?.length, bytes)
    assert.is(await sha256(files.get(path) as Uint8Array), digest)
  }
  assert.is(manifest.producer.version, '1.2.3')
  assert.is(manifest.backend.name, 'tflm')
  assert.equal(manifest.backend.layers, findBackend('tflm').layers)
  assert.equal(
    decodeModel(files.get('model.onnx') as Uint8Array).graph.inputs.map(({ name }) => name),
    ['image'],
  )
  const input = decodeTensor(files.get(INPUT) as Uint8Array)
  assert.is(input.name, 'image')
  assert.equal([...(input.tensor.data as Float32Array)], [...golden.images.data])
  const codes = decodeNpy(files.get(manifest.values[3].file) as Uint8Array, 'out')
  const value = program.header.values.find(({ name }) => name === 'out')
  const real = decodeTensor(files.get(OUTPUT) as Uint8Array).tensor
  assert.is(codes.type, 'int8')
  assert.equal(codes.dims, [2, 3])
  assert.equal(
    [...(real.data as Float32Array)],
    Array.from(codes.data as Int8Array, (q) => Math.fround((q - (value?.zeroPoint ?? 0)) * (value?.scale ?? 0))),
  )
})

test('the same program and images give the same bytes', async () => {
  const { files: again } = await goldenOf(tieProgram(graph, 'tflm'), 2)
  assert.equal([...again.keys()], [...files.keys()])
  for (const [path, bytes] of files) assert.equal(again.get(path), bytes, path)
})

test('file names are safe and unique', () => {
  assert.is(fileNameOf(3, 'block/1:relu'), '003_block_1_relu')
  assert.is(fileNameOf(12, '../../etc'), '012_.._.._etc')
  assert.is(fileNameOf(0, 'x'.repeat(300)).length, 84)
})

test('a program of another back end is refused', async () => {
  const images = randomImages(1, [1, 4, 3])
  const options = { program, backend: findBackend('onnx-spec'), images, version: '1' }
  let caught: unknown
  await createGolden(options).catch((error: unknown) => {
    caught = error
  })
  assert.instance(caught, UsageError)
})

test('a program that leaves the integers is refused by its steps', async () => {
  const { header } = program
  const real = { op: 'dequantise', name: 'real/1', inputs: ['image'], output: 'image.real' } as const
  const options = {
    program: { ...program, header: { ...header, steps: [real, ...header.steps] } },
    backend: findBackend('tflm'),
    images: randomImages(1, [1, 4, 3]),
    version: '1',
  }
  let caught: unknown
  await createGolden(options).catch((error: unknown) => {
    caught = error
  })
  assert.instance(caught, UnsupportedError)
  assert.match(
    (caught as Error).message,
    /program two leaves the integers in dequantise 'real\/1'; golden sets are of codes/,
  )
})

test('a set that was changed or is not complete is refused', async () => {
  assert.match(await refusal(without(MANIFEST)), /there is no manifest\.json/)
  assert.match(await refusal(without(PROGRAM)), /there is no program\.safetensors/)
  assert.match(await refusal(without(fileOf(golden, 'relu1'))), /there is no test_data_set_0/)
  const bytes = (files.get(OUTPUT) as Uint8Array).slice()
  bytes[bytes.length - 1] ^= 1
  assert.match(await refusal(replaced(OUTPUT, bytes)), /output_0\.pb has \d+ bytes and SHA-256 .* the file was changed/)
  assert.match(await refusal(replaced(MANIFEST, textOf([]))), /is no object/)
  assert.match(await refusal(replaced(MANIFEST, new TextEncoder().encode('{"a"'))), /is not JSON/)
  assert.match(await refusal(replaced(MANIFEST, new TextEncoder().encode('{"a":1,"a":2}'))), /'a' twice/)
})

test('a manifest that lacks what it needs is refused', async () => {
  const { manifest } = golden
  assert.match(await refusal(replaced(MANIFEST, textOf({ ...manifest, format: 'x' }))), /has format "x"/)
  for (const key of ['producer', 'model', 'backend', 'origin', 'images', 'values', 'files']) {
    assert.match(
      await refusal(replaced(MANIFEST, textOf({ ...manifest, [key]: undefined }))),
      new RegExp(`lacks ${key}`),
    )
  }
  const renamed = { ...manifest, values: manifest.values.slice(1) }
  assert.match(await refusal(replaced(MANIFEST, textOf(renamed))), /names no file for value 'image'/)
  assert.match(await refusal(replaced(MANIFEST, textOf({ ...manifest, files: {} }))), /does not list program/)
})

/** The set with a file replaced and the manifest made to agree. */
async function forged(path: string, bytes: Uint8Array): Promise<Files> {
  const entry = { bytes: bytes.length, sha256: await sha256(bytes) }
  const manifest = { ...golden.manifest, files: { ...golden.manifest.files, [path]: entry } }
  return new Map([...replaced(path, bytes), [MANIFEST, textOf(manifest)]])
}

test('a set whose parts contradict each other is refused, hashes or not', async () => {
  const path = fileOf(golden, 'relu1')
  const codes = Int8Array.from(golden.codes.get('relu1') as Int32Array)
  const dims = [2, 2, 4, 3]
  codes[5] = codes[5] === 0 ? 1 : 0
  const changed = await forged(path, encodeNpy({ type: 'int8', dims, data: codes }))
  assert.match(await refusal(changed), /operator 'block\/1' gives -?\d+ for element 5, the set has/)
  const flat = await forged(path, encodeNpy({ type: 'int8', dims: [48], data: codes }))
  assert.match(await refusal(flat), /holds int8\[48\]; 'relu1' has integer codes \[2, 2, 4, 3\]/)
  const float = await forged(INPUT, encodeTensor('', { type: 'float32', dims: [1], data: Float32Array.of(1) }))
  assert.match(await refusal(float), /input_0\.pb holds float32\[1\], wanted float32\[2, 1, 4, 3\]/)
  const nonsense = await forged(PROGRAM, textOf({}))
  assert.match(await refusal(nonsense), /safetensors|program/)
})

const unchanged = (): Map<string, Uint8Array> => candidateOf(golden, golden.codes)

test('a candidate may be flat, .pb or .npy, codes of any type or real numbers', () => {
  const flat = new Map(Array.from(unchanged(), ([path, bytes]) => [path.slice(path.lastIndexOf('/') + 1), bytes]))
  assert.is(checkGolden(golden, flat).verdict, 'equal')
  const path = fileOf(golden, 'relu1')
  const dims = [2, 2, 4, 3]
  const codes = golden.codes.get('relu1') as Int32Array
  const value = golden.program.header.values.find(({ name }) => name === 'relu1')
  const { scale, zeroPoint } = value ?? { scale: 0, zeroPoint: 0 }
  const real = Float32Array.from(codes, (q) => (q - zeroPoint) * scale)
  const int64 = encodeTensor('relu1', { type: 'int64', dims, data: BigInt64Array.from(codes, BigInt) })
  const forms: [string, Uint8Array][] = [
    [path.replace('.npy', '.pb'), int64],
    [path, encodeNpy({ type: 'float32', dims, data: real })],
    [path, encodeNpy({ type: 'float64', dims, data: Float64Array.from(codes) })],
  ]
  for (const [name, bytes] of forms) {
    const candidate = unchanged()
    candidate.delete(path)
    candidate.set(name, bytes)
    assert.is(checkGolden(golden, candidate).verdict, 'equal', name)
  }
})

test('real numbers between codes differ, NaN and what is far outside, too', () => {
  const candidate = unchanged()
  const real = decodeTensor(candidate.get(OUTPUT) as Uint8Array).tensor.data as Float32Array
  real[0] += 0.25 * (golden.program.header.values.find(({ name }) => name === 'out')?.scale ?? 0)
  real[3] = Number.NaN
  real[4] = Infinity
  candidate.set(OUTPUT, encodeTensor('', { type: 'float32', dims: [2, 3], data: real }))
  const report = checkGolden(golden, candidate)
  const output = report.tensors.at(-1)
  assert.is(output?.verdict, 'different')
  assert.is(output?.offGrid, 3)
  assert.is(output?.different, 2, 'the quarter of a code is nearest to the right one')
  assert.is(report.first, null, 'the codes are right: only what became of them is not')
})

test('hostile candidates are refused by name', () => {
  const refused = (path: string, bytes: Uint8Array): string =>
    messageOf(FormatError, () => checkGolden(golden, new Map([...unchanged(), [path, bytes]])))
  const path = fileOf(golden, 'relu1')
  const npy = unchanged().get(path) as Uint8Array
  for (const length of [0, 5, 9, 60, npy.length - 1]) {
    assert.match(
      refused(path, npy.subarray(0, length)),
      /^candidate: test_data_set_0\/intermediates\/001_relu1\.npy: npy: /,
    )
  }
  const pb = unchanged().get(OUTPUT) as Uint8Array
  for (const length of [3, 10, pb.length - 1])
    assert.match(refused(OUTPUT, pb.subarray(0, length)), /^candidate: .*output_0\.pb: /)
  assert.match(refused(path.replace('.npy', '.pb'), pb), /are the same tensor; leave one of them/)
  const other = encodeTensor('', { type: 'float32', dims: [1], data: Float32Array.of(1) })
  assert.match(refused(INPUT, other), /holds other images \(float32\[1\]\) than the golden set/)
  const bool = encodeNpy({ type: 'bool', dims: [1], data: Uint8Array.of(1) })
  assert.match(
    messageOf(UnsupportedError, () => checkGolden(golden, new Map([...unchanged(), [path, bool]]))),
    /holds bool; wanted integer codes or real numbers/,
  )
  assert.match(
    messageOf(FormatError, () => checkGolden(golden, new Map([['notes.npy', npy]]))),
    /no file has a name of the golden set, such as .*output_0\.pb or .*000_image\.npy; files: notes\.npy/,
  )
})

test.run()
