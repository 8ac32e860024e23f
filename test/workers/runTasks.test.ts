import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../engine/base/errors.ts'
import { WorkerError } from '../../workers/errors.ts'
import { runTasks } from '../../workers/runTasks.ts'
import type { TestTask } from './taskModule.ts'

const test = suite('tasks on workers')
const module = new URL('./taskModule.js', import.meta.url)

function tasks(modes: readonly TestTask['mode'][]): (TestTask & { starts: SharedArrayBuffer })[] {
  return modes.map((mode, number) => ({ number, mode, starts: new SharedArrayBuffer(4) }))
}

const starts = (task: TestTask): number => new Int32Array(task.starts)[0]

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  return new Error('it did not fail')
}

test('results come in the order of the inputs, with any number of threads', async () => {
  for (const threads of [1, 2, 3]) {
    const done: number[] = []
    const results = await runTasks<TestTask, number>(module, tasks(new Array(7).fill('square')), {
      threads,
      onDone: (index) => done.push(index),
    })
    assert.equal(results, [0, 1, 4, 9, 16, 25, 36])
    assert.equal(
      done.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6],
    )
  }
  assert.equal(await runTasks(module, [], { threads: 2 }), [])
})

test('what a task reports arrives, with its index', async () => {
  for (const threads of [1, 2]) {
    const messages: string[] = []
    await runTasks<TestTask, number, string>(module, tasks(['report', 'square', 'report']), {
      threads,
      onMessage: (index, message) => messages.push(`${index}: ${message}`),
    })
    // With threads, a message may be lost when its task ends; none is invented.
    const possible = ['0: task 0', '2: task 2']
    if (threads === 1) assert.equal(messages, possible)
    else assert.ok(messages.every((message) => possible.includes(message)))
  }
})

test('a task whose worker dies is run once more by another', async () => {
  const all = tasks(['square', 'die once', 'square', 'square'])
  assert.equal(await runTasks(module, all, { threads: 2 }), [0, 1, 4, 9])
  assert.equal(all.map(starts), [1, 2, 1, 1])
})

test('a task whose worker dies twice is an error that says so', async () => {
  const all = tasks(['square', 'die'])
  const error = await failure(runTasks(module, all, { threads: 2 }))
  assert.instance(error, WorkerError)
  assert.match(error.message, /died 2 times \(worker exited with code: 7\)/)
  assert.is(starts(all[1]), 2)
})

test('an error of a task keeps its class, stops later tasks, and the first in order wins', async () => {
  for (const threads of [1, 2]) {
    const all = tasks(['square', 'fail', 'fail', ...new Array(20).fill('square')])
    const error = await failure(runTasks(module, all, { threads }))
    assert.instance(error, UsageError)
    assert.is(error.message, 'task 1 fails')
    assert.is(starts(all[22]), 0)
  }
  const foreign = await failure(runTasks(module, tasks(['fail like JavaScript', 'square']), { threads: 2 }))
  assert.is(foreign.name, 'RangeError')
})

test('refuses a number of threads that makes no sense', async () => {
  for (const threads of [0, 1.5, 65]) {
    assert.instance(await failure(runTasks(module, tasks(['square']), { threads })), UsageError)
  }
})

test.run()
