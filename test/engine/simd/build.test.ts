import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withSharedMemory } from '../../../engine/simd/sharedImport.ts'
import { buildScript } from '../../support/buildScript.ts'

const test = suite('SIMD build')
const { simdFolders, compileSimd } = await buildScript()

/** The section ids of a WebAssembly binary (WebAssembly core specification, 5.5.2), in order. */
function sectionsOf(bytes: Uint8Array): number[] {
  const ids: number[] = []
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++])
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    at += size
  }
  return ids
}

// Several instances share one memory: nothing may be initialised, and no state may live in an instance.
const allowed = new Map([
  [1, 'type'],
  [2, 'import'],
  [3, 'function'],
  [7, 'export'],
  [10, 'code'],
])

for (const folder of simdFolders) {
  const binary = compileSimd(folder, { level: 3, isShared: false })

  test(`${folder}: no data, start, global or other section`, () => {
    assert.equal(sectionsOf(binary), [...allowed.keys()])
  })

  test(`${folder}: with the shared import it is what the compiler makes for a shared memory`, () => {
    const shared = compileSimd(folder, { level: 3, isShared: true })
    assert.ok(Buffer.from(withSharedMemory(binary)).equals(shared))
  })
}

test('a module that imports something else is not made shared', () => {
  assert.throws(() => withSharedMemory(new Uint8Array(40)), /does not import env.memory alone/)
})

test.run()
