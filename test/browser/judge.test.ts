import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { differences, faults } from './judge.ts'
import { headersOf, type Mode } from './modes.ts'
import type { Proof } from './proof.ts'
import type { Visit } from './visit.ts'

const test = suite('browser proof: what counts as wrong')

const origin = 'http://127.0.0.1:1'
const open: Mode = { isolated: false, place: 'page', policy: 'none' }
const strict: Mode = { isolated: true, place: 'worker', policy: 'no-wasm' }
const simd: Proof = {
  kernels: { engine: 'simd', fakeQuantise: 'simd', integer: 'simd' },
  results: { a: '1', b: '2' },
}
const plain: Proof = { ...simd, kernels: { engine: 'plain', fakeQuantise: 'plain', integer: 'plain' } }

function visited(changes: object = {}, proof: Proof = simd, mode: Mode = open): Visit {
  const violations = mode.policy === 'no-wasm' ? 2 : 0
  const report = { proof, isolated: mode.isolated, place: mode.place, violations, ...changes }
  return { report, complaints: [], requests: [`${origin}/0/`, `${origin}/0/engine/index.js`] }
}

test('nothing, where all is as it should be', () => {
  assert.equal(faults(open, origin, simd, visited()), [])
  assert.equal(faults(strict, origin, simd, visited({}, plain, strict)), [])
})

test('other kernels than wanted', () => {
  assert.equal(faults(open, origin, simd, visited({}, plain)), ['kernels: plain; wanted simd'])
  assert.equal(faults(strict, origin, simd, visited({}, simd, strict)), ['kernels: simd; wanted plain'])
  const mixed: Proof = { ...simd, kernels: { ...simd.kernels, integer: 'plain' } }
  assert.equal(faults(open, origin, simd, visited({}, mixed)), [
    'kernels: engine simd, fakeQuantise simd, integer plain; wanted simd',
  ])
})

test('other bits, missing and further results', () => {
  const other: Proof = { ...simd, results: { a: '1', b: '3', c: '4' } }
  assert.equal(differences(simd, other), ['b', 'c'])
  assert.equal(faults(open, origin, simd, visited({}, other)), ["not Node's bits: b, c"])
})

test('another place, isolation, policy not at work, complaints, foreign requests, an error', () => {
  assert.equal(faults(open, origin, simd, visited({ place: 'worker', isolated: true, violations: 1 })), [
    'cross-origin isolated: true',
    'computed in the worker',
    'violations of the policy: 1',
  ])
  assert.equal(faults(strict, origin, simd, visited({ violations: 0 }, plain, strict)), ['violations of the policy: 0'])
  const requests = ['data:text/javascript,', `blob:${origin}/x`, 'http://127.0.0.1:12/a.js', `${origin}/0/a.wasm`]
  assert.equal(faults(open, origin, simd, { ...visited(), complaints: ['oh'], requests }), [
    'console: oh',
    ...requests.map((url) => `request of ${url}`),
  ])
  assert.equal(faults(open, origin, simd, { ...visited(), report: { error: 'crash' } }), ['crash'])
})

test('headers of a mode', () => {
  assert.equal(headersOf(open), {})
  assert.equal(headersOf(strict), {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Content-Security-Policy': "default-src 'none'; connect-src 'self'; script-src 'self'",
  })
})

test.run()
