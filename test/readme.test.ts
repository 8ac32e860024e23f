import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('README')
const root = fileURLToPath(new URL('../../', import.meta.url))
const text = readFileSync(`${root}README.md`, 'utf8')

test('the library example runs as printed', () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(text) as RegExpExecArray
  assert.ok(code.split('\n').filter((line) => line.trim() !== '').length <= 20, 'it is at most 20 lines')
  // Inside the package, so that its own name resolves through package.json's exports.
  const file = `${root}readme-example-${process.pid}.mjs`
  writeFileSync(file, code)
  try {
    const output = execFileSync(process.execPath, [file], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, FORCE_COLOR: '0' },
    })
    assert.match(output, /epoch: 1/)
    assert.match(output, /program lenet for tfl-int8-q31/)
    assert.match(output, /Float32Array\(10\)/)
  } finally {
    rmSync(file)
  }
})

test('it tells the test command that CI runs', () => {
  assert.match(text, /^npm test /m)
  assert.match(readFileSync(`${root}.ci/run`, 'utf8'), /^npm test$/m)
})

test.run()
