import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../engine/base/errors.ts'
import { encodeModel } from '../../models/onnx/codec/encode.ts'
import { exportQdq } from '../../models/onnx/export/exportProgram.ts'
import { type IntegerProgram, valuesByName } from '../../quant/integer/program.ts'
import { encodeProgram } from '../../quant/integer/programFile.ts'
import { type CodeTensor, IntegerSession } from '../../quant/integer/session.ts'
import { ortX86 } from '../../runtime/backends.ts'
import { InferenceSession as CoreSession } from '../../runtime/core.ts'
import { InferenceSession, type Tensor } from '../../runtime/index.ts'
import { smallPrograms } from './programs.ts'

const test = suite('InferenceSession')
const programs = smallPrograms()
const program = programs.find(({ header }) => header.backend === 'ort-x86') as IntegerProgram
const bytes = encodeProgram(program)
const INPUT = [3, 6, 5]

function image(count: number): Tensor {
  const data = Float32Array.from({ length: 90 * count }, (_, i) => Math.fround(((i * 37) % 101) / 50 - 1))
  return { type: 'float32', data, dims: [count, ...INPUT] }
}

/** The error of a promise; fails where there is none. */
async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

function expected(count: number): Tensor {
  const { data } = image(count)
  const result = new IntegerSession(program).run({ shape: [count, ...INPUT], data: data as Float32Array })
  return { type: 'float32', data: result.data, dims: result.shape }
}

test('bytes, a buffer, a path, URLs of a file, of data and of a server give the same session', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runtime-'))
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/program' ? 200 : 404
    response.end(bytes)
  })
  try {
    const path = join(folder, 'program.safetensors')
    writeFileSync(path, bytes)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const data = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`
    const sources = [bytes, bytes.slice().buffer, path, pathToFileURL(path), pathToFileURL(path).href, data]
    for (const source of [...sources, `${address}/program`]) {
      for (const Session of [InferenceSession, CoreSession]) {
        const session = await Session.create(source)
        assert.equal(await session.run({ image: image(2) }), { [session.outputNames[0]]: expected(2) })
      }
    }
    assert.match((await errorOf(InferenceSession.create(`${address}/none`))).message, 'answered 404')
    const limits = { bytes: bytes.length - 1 }
    for (const source of [bytes, path, `${address}/program`]) {
      const error = await errorOf(InferenceSession.create(source, { limits }))
      assert.instance(error, FormatError)
      assert.match(error.message, /the limit is \d+; see ProgramLimits/)
    }
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

test('names and metadata are those of the program', async () => {
  const session = await InferenceSession.create(bytes)
  const { name, scale, zeroPoint } = valuesByName(program.header).get('image') ?? { name: '', scale: 0, zeroPoint: 0 }
  assert.equal(session.inputNames, ['image'])
  assert.equal(session.outputNames, [program.header.output])
  const quantisation = { type: 'uint8', scale, zeroPoint }
  assert.equal(session.inputMetadata, [
    { name, isTensor: true, type: 'float32', shape: ['batch', ...INPUT], quantisation },
  ])
  assert.equal(session.outputMetadata[0].shape, ['batch', 5])
})

test('codes in give codes out', async () => {
  const session = await InferenceSession.create(bytes)
  const codes = Uint8Array.from({ length: 90 }, (_, i) => (i * 37) % 256)
  const wanted = new IntegerSession(program).runCodes({ shape: [1, ...INPUT], data: Int32Array.from(codes) })
  const { [session.outputNames[0]]: found } = await session.run({
    image: { type: 'uint8', data: codes, dims: [1, ...INPUT] },
  })
  assert.equal(found, { type: 'uint8', data: Uint8Array.from(wanted.data), dims: [1, 5] })
})

test('trace hands out every value, in order, with its type', async () => {
  const seen = new Map<string, Tensor>()
  const session = await InferenceSession.create(bytes, { trace: (name, value) => seen.set(name, value) })
  await session.run({ image: image(1) })
  const wanted = new Map<string, CodeTensor>()
  new IntegerSession(program).run({ shape: [1, ...INPUT], data: image(1).data as Float32Array }, { trace: wanted })
  assert.equal([...seen.keys()], [...wanted.keys()])
  for (const [name, { shape, data }] of wanted) {
    assert.equal(seen.get(name), { type: 'uint8', data: Uint8Array.from(data), dims: shape })
  }
})

test('a QDQ file is computed with the arithmetic of the back end: the program it came from', async () => {
  const onnx = encodeModel(exportQdq(program))
  const session = await InferenceSession.create(onnx, { backend: ortX86, kernels: 'plain' })
  assert.equal(await session.run({ image: image(3) }), { [session.outputNames[0]]: expected(3) })
  // Without a back end: the text of ONNX.
  const spec = programs.find(({ header }) => header.backend === 'onnx-spec') as IntegerProgram
  const byText = await InferenceSession.create(encodeModel(exportQdq(spec)))
  const { data } = image(1)
  const wanted = new IntegerSession(spec).run({ shape: [1, ...INPUT], data: data as Float32Array })
  assert.equal((await byText.run({ image: image(1) }))[byText.outputNames[0]].data, wanted.data)
  const core = await errorOf(CoreSession.create(onnx))
  assert.instance(core, FormatError)
  assert.match(core.message, 'no program file; ONNX files are read by the session of quant-trim/runtime')
})

test('wrong feeds and fetches are refused', async () => {
  const session = await InferenceSession.create(bytes)
  const { data } = image(1)
  const dims = [1, ...INPUT]
  const cases: [Record<string, unknown>, string[] | undefined, new (message: string) => Error, string][] = [
    [{ picture: image(1) }, undefined, UsageError, "there is no 'picture'; the input is 'image'"],
    [
      {},
      undefined,
      ShapeError,
      "input 'image' is of type 'undefined'; wanted { type: 'float32' or 'uint8', data, dims }",
    ],
    [{ image: image(1) }, ['hidden'], UsageError, "there is no 'hidden'"],
    [{ image: { type: 'int8', data: new Int8Array(90), dims } }, undefined, ShapeError, "is of type 'int8'"],
    [{ image: { type: 'float32', data: [...data], dims } }, undefined, ShapeError, 'holds [object Array]'],
    [{ image: { type: 'float32', data } }, undefined, ShapeError, 'has no dims'],
    [{ image: { type: 'float32', data, dims: [1, 90] } }, undefined, ShapeError, "input 'image' is [1, 90]"],
    [
      { image: { type: 'float32', data, dims: [2, ...INPUT] } },
      undefined,
      ShapeError,
      'holds 180 elements, the data 90',
    ],
    [
      { image: { type: 'float32', data: new Float32Array(0), dims: [-1, ...INPUT] } },
      undefined,
      ShapeError,
      'has no dims',
    ],
  ]
  for (const [feeds, fetches, kind, message] of cases) {
    const error = await errorOf(session.run(feeds as Record<string, Tensor>, fetches))
    assert.instance(error, kind, message)
    assert.ok(error.message.includes(message), error.message)
  }
  assert.equal(await session.run({ image: image(1) }, []), {})
})

test('10000 runs of one image leave nothing behind', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const session = await InferenceSession.create(bytes)
  const feeds = { image: image(1) }
  const used = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  for (let i = 0; i < 5000; i++) await session.run(feeds)
  // A session's WebAssembly memory has a fixed size: growth would be another memory.
  const { Memory } = WebAssembly
  let memories = 0
  WebAssembly.Memory = new Proxy(Memory, {
    construct: (target, args) => {
      memories++
      return Reflect.construct(target, args)
    },
  })
  try {
    const before = used()
    for (let i = 0; i < 10000; i++) await session.run(feeds)
    // Sixteen bytes a run would be 160 KB; the compiler's own data move by some tens of KB.
    const grown = used() - before
    assert.ok(grown < 100_000, `the heap grew by ${grown} bytes`)
    assert.is(memories, 0)
    await session.run({ image: image(5) })
    assert.is(memories, 1, 'a larger batch takes a larger one')
  } finally {
    WebAssembly.Memory = Memory
  }
})

test('an empty batch is no error', async () => {
  const session = await InferenceSession.create(bytes)
  const { [session.outputNames[0]]: found } = await session.run({ image: image(0) })
  assert.equal(found, { type: 'float32', data: new Float32Array(0), dims: [0, 5] })
})

test('bytes that are no model are refused', async () => {
  const cases: [Uint8Array, new (message: string) => Error, RegExp][] = [
    [new Uint8Array(0), FormatError, /./],
    [bytes.subarray(0, 100), FormatError, /^safetensors: the header takes \d+ bytes, the file has 92 more/],
    [new TextEncoder().encode('<!doctype html>'), FormatError, /./],
    [encodeModel({ ...exportQdq(program), opsets: new Map([['', 9]]) }), UnsupportedError, /operator set 9/],
  ]
  for (const [source, kind, message] of cases) {
    const error = await errorOf(InferenceSession.create(source))
    assert.instance(error, kind, error.message)
    assert.match(error.message, message)
  }
})

test('threads without an executor warn once and give the same result', async () => {
  const warnings: string[] = []
  const options = { threads: 4, warn: (message: string) => warnings.push(message) }
  for (let i = 0; i < 2; i++) {
    const session = await InferenceSession.create(bytes, options)
    assert.equal(await session.run({ image: image(1) }), { [session.outputNames[0]]: expected(1) })
  }
  assert.equal(warnings, [
    'quant-trim: threads need an executor (in Node: createPool of quant-trim/workers); computing on this thread',
  ])
  const error = await errorOf(InferenceSession.create(bytes, { threads: 0 }))
  assert.is(error.message, 'InferenceSession.create: threads is 0; wanted an integer from 1 on')
})

test('after release it does not run, and dispose is the same', async () => {
  for (const end of ['release', 'dispose'] as const) {
    const session = await InferenceSession.create(bytes)
    if (end === 'release') await session.release()
    else session[Symbol.dispose]()
    const error = await errorOf(session.run({ image: image(1) }))
    assert.instance(error, UsageError)
    assert.is(error.message, 'InferenceSession.run: the session has been released')
  }
})

test.run()
