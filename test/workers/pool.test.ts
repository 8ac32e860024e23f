import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createPool, type Pool, type PoolOptions } from '../../workers/index.ts'
import { testModule } from './testModule.ts'

const test = suite('thread pool')
const module = testModule()
const LARGE = 2 ** 40

const open: Pool[] = []
test.after(async () => {
  for (const pool of open) await pool.close()
})

async function makePool(options: PoolOptions): Promise<Pool> {
  const pool = await createPool(options)
  open.push(pool)
  return pool
}

function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
}

type Functions = Record<string, (...values: number[]) => void>

function functionsOn(memory: WebAssembly.Memory): Functions {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Functions
}

/** Where the test module's functions work. */
const BASE = 1024

/** Marks of units that the test module's `mark` has left. */
function marks({ buffer }: WebAssembly.Memory, units: number): number[] {
  return [...new Int32Array(buffer, BASE, units)]
}

/**
 * Stands in for the caller's side of a function: notes which units the caller computes, and the first time waits until a
 * worker has begun with some of the others, and does then what `begun` says.
 */
function caller({ buffer }: WebAssembly.Memory, units: number, begun: () => void = () => {}) {
  const computed = new Array<number>(units).fill(0)
  const calls = new Int32Array(buffer, BASE - 4, 1)
  const before = calls[0]
  let first = true
  return {
    computed,
    compute(_base: number, begin: number, end: number): void {
      for (let unit = begin; unit < end; unit++) computed[unit]++
      if (!first) return
      first = false
      const deadline = performance.now() + 10000
      while (Atomics.load(calls, 0) === before) {
        if (performance.now() > deadline) throw new Error('no worker has begun')
      }
      begun()
    },
  }
}

test('options out of range are refused', async () => {
  for (const threads of [0, 65, 1.5, Number.NaN]) {
    try {
      await createPool({ threads })
      assert.unreachable()
    } catch (error) {
      assert.is((error as Error).name, 'UsageError')
      assert.match((error as Error).message, /wanted an integer from 1 to 64/)
    }
  }
  try {
    await createPool({ hangTimeout: 0 })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /hangTimeout 0; wanted milliseconds/)
  }
})

for (const threads of [1, 2, 4]) {
  test(`every unit is computed once with ${threads} threads`, async () => {
    const pool = await makePool({ threads })
    assert.is(pool.threads, threads)
    assert.is(pool.workers.length, threads - 1)
    const memory = sharedMemory()
    const run = pool.attach(module, memory, functionsOn(memory))
    for (const units of [1, 2, 3, 7, 16, 17, 100, 1000, 4097]) {
      for (let round = 0; round < 1000; round++) {
        const counts = new Int32Array(memory.buffer, BASE, units + 1).fill(0)
        run('mark', units, LARGE, [BASE])
        assert.ok(counts.subarray(0, units).every((count) => count === 1) && counts[units] === 0, `${units} units`)
      }
    }
    await pool.close()
  })
}

test('small calls stay on the caller', async () => {
  const pool = await makePool({ threads: 2, smallestSplit: 1000 })
  const memory = sharedMemory()
  const calls: number[][] = []
  const record = (...values: number[]): void => void calls.push(values)
  const run = pool.attach(module, memory, { mark: record })
  run('mark', 64, 999, [BASE])
  run('mark', 1, LARGE, [BASE])
  assert.equal(calls, [
    [BASE, 0, 64],
    [BASE, 0, 1],
  ])
  const { computed, compute } = caller(memory, 64)
  pool.attach(module, memory, { mark: compute })('mark', 64, 1000, [BASE])
  assert.equal(
    marks(memory, 64),
    computed.map((count) => 1 - count),
    'the worker computed what the caller did not',
  )
  await pool.close()
})

test('modules attached later, on other memories, reach the workers', async () => {
  const pool = await makePool({ threads: 3 })
  const memories = Array.from({ length: 5 }, sharedMemory)
  const runs = memories.map((memory) => pool.attach(module, memory, functionsOn(memory)))
  for (let round = 0; round < 100; round++) runs[round % 5]('mark', 64, LARGE, [4096])
  for (const { buffer } of memories) assert.ok(new Int32Array(buffer, 4096, 64).every((count) => count === 20))
  await pool.close()
})

test('a worker that is stopped in the middle of a call costs time, not the result, and is replaced', async () => {
  const pool = await makePool({ threads: 2 })
  const [before] = pool.workers
  const memory = sharedMemory()
  const run = pool.attach(module, memory, functionsOn(memory))
  // The worker never finishes what it claims.
  const { computed, compute } = caller(memory, 64, () => void before.terminate())
  pool.attach(module, memory, { loop: compute })('loop', 64, LARGE, [BASE])
  assert.equal(computed, Array(64).fill(1))
  run('mark', 64, LARGE, [BASE])
  for (let i = 0; i < 500 && (pool.workers.length === 0 || pool.workers[0] === before); i++) await delay(10)
  assert.is(pool.workers.length, 1)
  assert.is.not(pool.workers[0], before)
  run('mark', 64, LARGE, [BASE])
  assert.equal(marks(memory, 64), Array(64).fill(2))
  const again = caller(memory, 64)
  pool.attach(module, memory, { mark: again.compute })('mark', 64, LARGE, [BASE])
  assert.equal(
    marks(memory, 64),
    again.computed.map((count) => 3 - count),
    'the new worker computed its share',
  )
  await pool.close()
})

test('a worker that hangs is an error within the limit', async () => {
  const pool = await makePool({ threads: 2, hangTimeout: 200 })
  const memory = sharedMemory()
  const run = pool.attach(module, memory, { loop: caller(memory, 64).compute })
  const started = performance.now()
  assert.throws(
    () => run('loop', 64, LARGE, [BASE]),
    (error: Error) =>
      error.name === 'WorkerError' && /did not finish its part of loop within 200 ms/.test(error.message),
  )
  assert.ok(performance.now() - started < 10000)
  assert.throws(() => run('loop', 64, LARGE, [BASE]), /close the pool and create another/)
  await pool.close()
})

test('a trap in a worker is met by the caller; the pool lives on', async () => {
  const pool = await makePool({ threads: 2 })
  const memory = sharedMemory()
  const { computed, compute } = caller(memory, 64)
  pool.attach(module, memory, { trap: compute })('trap', 64, LARGE, [BASE])
  assert.equal(computed, Array(64).fill(1), 'what trapped only there, the caller computes')
  const run = pool.attach(module, memory, functionsOn(memory))
  for (let i = 0; i < 10; i++) assert.throws(() => run('trap', 64, LARGE, [BASE]), /unreachable/)
  run('mark', 64, LARGE, [BASE])
  assert.equal(marks(memory, 64), Array(64).fill(1))
  assert.is(pool.workers.length, 1)
  await pool.close()
})

test('an error of the caller is thrown after the workers have let go', async () => {
  const pool = await makePool({ threads: 2 })
  const memory = sharedMemory()
  const run = pool.attach(module, memory, {
    ...functionsOn(memory),
    mark: caller(memory, 4096, () => {
      throw new RangeError('of the caller')
    }).compute,
  })
  assert.throws(() => run('mark', 4096, LARGE, [BASE]), /of the caller/)
  const after = marks(memory, 4096)
  await delay(20)
  assert.equal(marks(memory, 4096), after, 'nothing is written any more')
  await pool.close()
})

test('a closed pool says so', async () => {
  for (const threads of [1, 2]) {
    const pool = await makePool({ threads })
    const memory = sharedMemory()
    const run = pool.attach(module, memory, functionsOn(memory))
    await pool.close()
    await pool.close()
    assert.is(pool.workers.length, 0)
    for (const use of [() => run('mark', 1, 1, [BASE]), () => pool.attach(module, memory, {})]) {
      assert.throws(use, (error: Error) => error.name === 'UsageError' && /it is closed; choose/.test(error.message))
    }
  }
})

test('closing while a worker is being replaced ends it as well', async () => {
  const pool = await makePool({ threads: 3 })
  void pool.workers[0].terminate()
  await delay(5)
  await pool.close()
  assert.is(pool.workers.length, 0)
})

test.run()
