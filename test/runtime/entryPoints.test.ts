import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { backends } from '../../quant/backends/index.ts'
import * as named from '../../runtime/backends.ts'

const test = suite('the entry points of the runtime')

/** The repository, from the sources or from a built folder in it. */
function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/** Every file that an entry point loads, with its text. */
function loadedBy(entry: string): Map<string, string> {
  const seen = new Map<string, string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    const text = readFileSync(join(root(), file), 'utf8')
    seen.set(file, text)
    for (const [, typeOnly, from] of text.matchAll(/^(?:import|export) (type )?[^'"]*? from '([^']+)'/gm)) {
      if (typeOnly !== undefined) continue
      assert.ok(from.startsWith('.'), `${file} imports ${from}`)
      visit(normalize(join(dirname(file), from)))
    }
  }
  visit(entry)
  return seen
}

test('core loads programs and what runs them: no packages, tensors, graphs, training, compilation, ONNX', () => {
  const seen = [...loadedBy('runtime/core.ts').keys()]
  const expected =
    /^(runtime\/|engine\/base\/|engine\/simd\/(inflate|memory|sharedImport|simd)\.ts|quant\/affine\/|quant\/integer\/)/
  assert.equal(
    seen.filter((file) => !expected.test(file)),
    [],
  )
  const compiling = seen.filter((file) => /integer\/(lower\/|compile|calibrate|observer|runPasses)/.test(file))
  assert.equal(compiling, [])
  assert.ok(seen.includes('quant/integer/kernels/convolve.ts'))
})

test('the runtime loads no packages, tensors, training or threads', () => {
  const seen = [...loadedBy('runtime/index.ts').keys()]
  const intruders =
    /^(workers|cli)\/|^engine\/(core|optim|index)|^quant\/(trim|audit|index)|^models\/(zoo|data|golden|index)/
  assert.equal(
    seen.filter((file) => intruders.test(file)),
    [],
  )
  assert.ok(seen.includes('models/onnx/quantised/programFromOnnx.ts'))
})

test('nothing in it needs Node to load, evaluates text, starts a worker or fetches a file of its own', () => {
  for (const [file, text] of loadedBy('runtime/index.ts')) {
    assert.not.match(text, /^import .*'node:/m, file)
    assert.not.match(text, /\bimport\(|\beval\(|new Function|new Worker|createObjectURL|import\.meta/, file)
  }
})

test('every back end can be imported by name', () => {
  const names = Object.values(named).map(({ name }) => name)
  assert.equal(names.sort(), [...backends.keys()].sort())
})

test.run()
