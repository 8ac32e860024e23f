import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { plainKernels } from '../../../engine/kernels/index.ts'
import type { Executor } from '../../../engine/simd/executor.ts'
import { simdKernels } from '../../../engine/simd/kernels.ts'
import type { SimdMemory } from '../../../engine/simd/memory.ts'
import { createSimdMemory } from '../../../engine/simd/simd.ts'

const test = suite('SIMD kernels on an executor')

/** Computes in halves, the second first, and each twice; notes the functions' names. */
const names: string[] = []
const executor: Executor = {
  threads: 2,
  attach: (_module, _memory, functions) => (name, units, _cost, args) => {
    names.push(name)
    const half = units >> 1
    for (let round = 0; round < 2; round++) {
      functions[name](...args, half, units)
      functions[name](...args, 0, half)
    }
  },
}
const memory = createSimdMemory({ bytes: 1 << 20, executor }) as SimdMemory
const kernels = simdKernels(memory)

/** An array of the memory, or outside it. */
function array(values: number[], resident: boolean): Float32Array {
  if (!resident) return Float32Array.from(values)
  const result = new Float32Array(memory.memory.buffer, memory.allocate(4 * values.length), values.length)
  result.set(values)
  return result
}

const values = [1, -2, 3, -4, 5, -6, 7, -8, 9]

for (const resident of [false, true]) {
  const where = resident ? 'in place' : 'copied'
  test(`ordinary calls reach the executor, arrays ${where}`, () => {
    names.length = 0
    const out = array(values, resident)
    kernels.relu(array(values, resident), out)
    assert.equal([...out], [1, 0, 3, 0, 5, 0, 7, 0, 9])
    assert.equal(names, ['relu'])
  })

  test(`calls that change what they read do not, arrays ${where}`, () => {
    names.length = 0
    const [x, wanted] = [array(values, resident), Float32Array.from(values)]
    kernels.sgd(array(values, resident), x, 0.5, 0.25)
    plainKernels.sgd(Float32Array.from(values), wanted, 0.5, 0.25)
    assert.equal([...x], [...wanted])
    assert.equal(names, [])
  })
}

test('an output that lies over an input is noticed, one beside it is not', () => {
  names.length = 0
  const block = array([...values, ...values], true)
  const [first, shifted, second] = [block.subarray(0, 9), block.subarray(8, 17), block.subarray(9, 18)]
  kernels.relu(first, first)
  assert.equal(names, [])
  kernels.relu(first, shifted)
  assert.equal(names, [])
  kernels.relu(first, second)
  assert.equal(names, ['relu'])
})

test('an executor of one thread leaves the memory private', () => {
  const alone = createSimdMemory({ bytes: 65536, executor: { ...executor, threads: 1 } }) as SimdMemory
  assert.is(alone.executor, null)
  assert.ok(alone.memory.buffer instanceof ArrayBuffer)
  assert.ok(memory.memory.buffer instanceof SharedArrayBuffer)
})

test.run()
