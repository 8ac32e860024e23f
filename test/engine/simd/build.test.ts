import { suite } from 'uvu'
import * as assert from 'uvu/assert'
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
  for (const isShared of [false, true]) {
    test(`${folder}${isShared ? ', shared' : ''}: no data, start, global or other section`, () => {
      const sections = sectionsOf(compileSimd(folder, { level: 3, isShared }))
      assert.equal(sections, [...allowed.keys()])
    })
  }
}

test.run()
