import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../engine/base/random.ts'
import { context, scope, useKernels } from '../../engine/core/context.ts'
import { type FloatTensor, Tensor, tensor } from '../../engine/core/tensor.ts'
import { conv2d } from '../../engine/ops/conv.ts'
import { matmul } from '../../engine/ops/matMul.ts'
import type { Op, Sample } from '../../engine/ops/op.ts'
import { sum } from '../../engine/ops/reduceSum.ts'
import { softmax } from '../../engine/ops/softmax.ts'
import { ops } from '../../engine/ops/table.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import { createPool } from '../../workers/index.ts'
import { repeatingExecutor } from './repeatingExecutor.ts'

const test = suite('same bits with any number of threads')

const random = (shape: number[], name: string): FloatTensor => {
  const stream = new RandomStream(11, name)
  const size = shape.reduce((product, extent) => product * extent, 1)
  return tensor(
    Float32Array.from({ length: size }, () => stream.uniform() * 2 - 1),
    shape,
    { requiresGrad: true },
  )
}

/** Outputs and gradients of one sample of an operator. */
function runSample(op: Op, { inputs, attributes, differentiable }: Sample<object>): Float32Array[] {
  return scope(() => {
    const { outputs, saved } = op.forward(context, inputs, attributes)
    // Further outputs (saved statistics, indices) take no gradient.
    const gradOutputs = outputs.map(({ shape }, i) => (i === 0 ? random([...shape], 'gradient') : null))
    const needs = inputs.map((input, i) => differentiable?.includes(i) ?? input?.dtype === 'float32')
    const gradients = op.backward(context, { inputs, outputs, attributes, saved, gradOutputs, needs })
    return [...outputs, ...gradients].filter((found) => found instanceof Tensor).map(({ data }) => data.slice())
  }) as Float32Array[]
}

/** Values and gradients of calls large enough that every thread gets a part of them. */
function runLarge(): Float32Array[] {
  return scope(() => {
    const [a, b] = [random([67, 45], 'a'), random([45, 129], 'b')]
    const [x, w, narrow] = [random([5, 8, 13, 17], 'x'), random([12, 8, 3, 3], 'w'), random([8, 1, 3, 3], 'narrow')]
    const strided = conv2d(x, w, null, { stride: 2, padding: 1 })
    const results = [
      softmax(matmul(a, b)),
      conv2d(x, w, null, { padding: 1 }),
      strided,
      conv2d(x, narrow, null, { groups: 8, padding: 1 }),
    ]
    for (const result of results) sum(result).backward()
    const gradients = [a, b, x, w, narrow].map(({ grad }) => grad as FloatTensor)
    return [...results, ...gradients].map(({ data }) => data.slice())
  })
}

/** Every operator's samples, and the large calls, with the kernels that are in use. */
function runEverything(): Map<string, Float32Array[]> {
  const results = new Map<string, Float32Array[]>()
  for (const op of Object.values(ops) as Op[]) {
    for (const sample of op.samples()) results.set(`${op.name}: ${sample.name}`, runSample(op, sample))
  }
  return results.set('large calls', runLarge())
}

useKernels({ kernels: 'plain' })
const wanted = runEverything()
test.after(() => useKernels({ kernels: 'simd' }))

/** Compares what the kernels on an executor give with what the plain ones gave. */
function expectSameBits(executor: Executor): void {
  useKernels({ kernels: 'simd', executor, bytes: 2 ** 26 })
  const found = runEverything()
  for (const [name, arrays] of wanted) {
    const others = found.get(name) as Float32Array[]
    assert.is(others.length, arrays.length, name)
    arrays.forEach((array, k) => {
      const differs = array.findIndex((value, i) => !Object.is(value, others[k][i]))
      assert.is(differs, -1, `${name}: result ${k}, element ${differs}`)
    })
  }
}

for (const threads of [1, 2, 4]) {
  test(`all operators with ${threads} threads`, async () => {
    const pool = await createPool({ threads, smallestSplit: 1 })
    try {
      expectSameBits(pool)
    } finally {
      await pool.close()
    }
  })
}

test('units may be computed again', () => expectSameBits(repeatingExecutor))

test.run()
