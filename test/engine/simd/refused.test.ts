import { deflateRawSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SimdMemory } from '../../../engine/simd/memory.ts'
import { attachSimd, createSimdMemory } from '../../../engine/simd/simd.ts'

const test = suite('where SIMD modules are refused')

const memory = createSimdMemory({ bytes: 65536 }) as SimdMemory

/** A module of its header and one custom section without a name, whose content makes the binary a new one. */
function emptyModule(content: number): string {
  return deflateRawSync(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 2, 0, content)).toString('base64')
}

/** Attaches while `WebAssembly.Module` behaves otherwise; how often it was called. */
function attachWith(binary: string, Module: (bytes: BufferSource) => WebAssembly.Module, times: number) {
  const original = WebAssembly.Module
  let calls = 0
  WebAssembly.Module = function construct(bytes: BufferSource) {
    calls++
    return Module(bytes)
  } as unknown as typeof WebAssembly.Module
  try {
    const attached = Array.from({ length: times }, () => attachSimd(memory, { binary }))
    return { attached, calls }
  } finally {
    WebAssembly.Module = original
  }
}

test('a policy that forbids compiling leaves the plain kernels, and is asked once a module', () => {
  const refuse = (): never => {
    throw new WebAssembly.CompileError('violates the following Content Security policy directive')
  }
  assert.equal(attachWith(emptyModule(1), refuse, 3), { attached: [null, null, null], calls: 1 })
})

test('a module that may be compiled is compiled once', () => {
  const original = WebAssembly.Module
  const { attached, calls } = attachWith(emptyModule(2), (bytes) => new original(bytes), 3)
  assert.is(calls, 1)
  assert.ok(attached.every((simd) => simd?.memory === memory))
})

test('bytes that are no module leave the plain kernels', () => {
  assert.is(attachSimd(memory, { binary: deflateRawSync('no module').toString('base64') }), null)
})

test.run()
