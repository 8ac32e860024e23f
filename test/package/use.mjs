// Run by scripts/testPackage.mjs in a folder where the package is installed and its command has made p.safetensors and q.onnx:
// uses something of every entry point, and fails unless the numbers are right.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { relu, tensor } from 'quant-trim'
import { batches, buildModel, synthetic } from 'quant-trim/models'
import { codeRange, compile, findBackend, IntegerSession } from 'quant-trim/quant'
import { decodeProgram, InferenceSession } from 'quant-trim/runtime'
import { ortX86 } from 'quant-trim/runtime/backends'
import { InferenceSession as CoreSession } from 'quant-trim/runtime/core'
import { createPool } from 'quant-trim/workers'

assert.deepEqual([...relu(tensor([-1, 2], [2])).data], [0, 2])
assert.equal(codeRange({ bits: 4, signed: true }).qmin, -8)
assert.equal(findBackend('ort-x86').requantiser, ortX86.requantiser)
assert.equal(buildModel('lenet', { input: [1, 28, 28], classes: 10 }).name, 'lenet')
assert.equal(typeof compile, 'function')

const [{ images }] = batches(synthetic({ split: 'test', count: 8 }), { size: 8 })
const program = new IntegerSession(decodeProgram(readFileSync('p.safetensors'))).run(images)
assert.deepEqual(program.shape, [8, 10])
assert.equal(new Set(program.data).size > 10, true)

const pool = await createPool({ threads: 2, smallestSplit: 1 })
try {
  for (const [what, session] of [
    ['program file', await InferenceSession.create('p.safetensors')],
    ['ONNX file', await InferenceSession.create('q.onnx', { backend: ortX86 })],
    ['core', await CoreSession.create('p.safetensors')],
    ['plain kernels', await CoreSession.create('p.safetensors', { kernels: 'plain' })],
    ['threads', await InferenceSession.create('p.safetensors', { executor: pool, threads: 2 })],
  ]) {
    const [name] = session.inputNames
    const results = await session.run({ [name]: { type: 'float32', data: images.data, dims: images.shape } })
    assert.deepEqual(results[session.outputNames[0]].data, program.data, what)
  }
} finally {
  await pool.close()
}
