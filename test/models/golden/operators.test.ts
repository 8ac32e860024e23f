import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkGolden } from '../../../models/golden/check.ts'
import type { Files } from '../../../models/golden/create.ts'
import { MANIFEST, sha256 } from '../../../models/golden/manifest.ts'
import { operatorSets } from '../../../models/golden/operatorSets.ts'
import { createOperatorSets, filesBelow, operatorBackends, setFolders } from '../../../models/golden/operators.ts'
import { readGolden } from '../../../models/golden/read.ts'
import { simulate } from '../../../quant/audit/simulate.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import { type CodeTensor, IntegerSession } from '../../../quant/integer/session.ts'

const test = suite('golden operator sets')
const folder = fileURLToPath(new URL('../../../../test/golden/operators/', import.meta.url))

/** The kept sets, by path with '/'. */
function keptFiles(): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name))
  return new Map(paths.map((path) => [path.slice(folder.length).replaceAll('\\', '/'), readFileSync(path)]))
}

const kept = keptFiles()
const manifest = JSON.parse(new TextDecoder().decode(kept.get(MANIFEST)))

test('the kept sets are made again, byte for byte', async () => {
  const again = await createOperatorSets(operatorBackends.map(findBackend), manifest.producer.version)
  const changed: string[] = []
  for (const [path, bytes] of again) {
    const old = kept.get(path)
    if (old === undefined || (await sha256(old)) !== (await sha256(bytes))) changed.push(path)
  }
  for (const path of kept.keys()) if (!again.has(path)) changed.push(`${path} (no longer made)`)
  assert.equal(
    changed.slice(0, 10),
    [],
    `${changed.length} files differ; if that is meant: quant-trim golden create --operators --out test/golden/operators --force`,
  )
})

test('they are small, and the manifest lists every set', () => {
  const bytes = [...kept.values()].reduce((sum, file) => sum + file.length, 0)
  assert.ok(bytes < 2e6, `${bytes} bytes`)
  assert.equal(
    Object.keys(manifest.sets).sort(),
    setFolders(kept)
      .map((path) => path.slice(0, -1))
      .sort(),
  )
  assert.equal([...new Set(Object.keys(manifest.sets).map((path) => path.split('/')[0]))], operatorBackends)
})

test('a kept set is read and equal to itself', async () => {
  const files = filesBelow(kept, 'tflite-ref/conv/')
  const report = checkGolden(await readGolden(files), files)
  assert.is(report.verdict, 'equal')
  assert.is(report.tensors.length, 3)
})

/** The codes of the result, less the lowest code. */
function resultOf(backend: string, operator: string): number[] {
  const set = operatorSets(findBackend(backend)).find(({ name }) => name === operator)
  if (set === undefined) throw new Error(`${backend} has no ${operator}`)
  const { header } = set.program
  const trace = new Map<string, CodeTensor>()
  new IntegerSession(set.program).run(set.images, { trace })
  const { qmin } = header.values.find(({ name }) => name === header.output) ?? { qmin: 0 }
  return Array.from(trace.get(header.output)?.data ?? [], (q) => q - qmin)
}

test('they are dense in ties, and zero points are odd', () => {
  for (const backend of operatorBackends.map(findBackend)) {
    for (const { name, program, images } of operatorSets(backend)) {
      if (!/^(conv|depthwise|gemm|add|mul|averagePool|globalAveragePool)$/.test(name)) continue
      const { output, values } = program.header
      const trace = new Map<string, CodeTensor>()
      new IntegerSession(program).run(images, { trace })
      const exact = simulate(program, images, { follow: trace }).get(output)?.exact ?? []
      let ties = 0
      for (const q of exact) if (Math.abs(Math.abs(q - Math.floor(q)) - 0.5) < 1e-9) ties++
      assert.ok(ties >= 5, `${backend.name} ${name}: ${ties} ties of ${exact.length}`)
      const { zeroPoint } = values.find((value) => value.name === output) ?? { zeroPoint: 0 }
      assert.is(Math.abs(zeroPoint % 2), 1, `${backend.name} ${name}`)
    }
  }
})

// Pairs of runtimes whose arithmetic differs in an operator (docs of the requantisers and rules): their sets must tell them apart.
const apart: [operator: string, first: string, second: string][] = [
  ['conv', 'tosa-single', 'tosa-double'],
  ['conv', 'tflite-ref', 'xnnpack-x86'],
  ['gemm', 'tosa-single', 'tosa-double'],
  ['depthwise', 'tosa-double', 'xnnpack-x86'],
  ['convRelu6', 'tflite-ref', 'xnnpack-x86'],
  ['add', 'onnx-spec', 'ort-x86'],
  ['add', 'tflite-ref', 'xnnpack-x86'],
  ['add', 'tosa-single', 'tosa-double'],
  ['mul', 'onnx-spec', 'ort-x86'],
  ['averagePool', 'onnx-spec', 'ort-x86'],
  ['averagePool', 'tflite-ref', 'tosa-single'],
  ['globalAveragePool', 'tflite-ref', 'xnnpack-x86'],
  ['softmax', 'tflite-ref', 'xnnpack-x86'],
  ['sigmoid', 'tflite-ref', 'tflm'],
  ['leakyRelu', 'tflite-ref', 'xnnpack-x86'],
]

for (const [operator, first, second] of apart) {
  test(`${operator} tells ${first} from ${second}`, () => {
    assert.not.equal(resultOf(first, operator), resultOf(second, operator))
  })
}

test('what a back end does not cover has no set', () => {
  const names = operatorSets(findBackend('tosa-single')).map(({ name }) => name)
  assert.not.ok(names.includes('softmax'))
  assert.ok(names.includes('hardSwish'))
  assert.ok(operatorSets(findBackend('pow2-tensor-npu')).every(({ program }) => program.header.steps.length > 0))
})

test.run()
