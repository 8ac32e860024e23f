import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('the runtime entry point')

/** The repository, from the sources or from a built folder in it. */
function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

test('it loads neither packages nor tensors, graphs, training or compilation', () => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(join(root(), file), 'utf8')
    for (const [, typeOnly, from] of text.matchAll(/^(?:import|export) (type )?[^'"]*? from '([^']+)'/gm)) {
      if (typeOnly !== undefined) continue
      assert.ok(from.startsWith('.'), `${file} imports ${from}`)
      visit(normalize(join(dirname(file), from)))
    }
  }
  visit('quant/integer/index.ts')
  const outside = [...seen].filter(
    (file) => !/^(engine\/base\/|engine\/simd\/(memory|simd)\.ts|quant\/affine\/|quant\/integer\/)/.test(file),
  )
  assert.equal(outside, [])
  const compiling = [...seen].filter((file) => /integer\/(lower\/|compile|calibrate|observer)/.test(file))
  assert.equal(compiling, [])
  assert.ok(seen.has('quant/integer/kernels/convolve.ts'))
})

test.run()
