import { MessageChannel } from 'node:worker_threads'
import { Piscina } from 'piscina'
import * as errors from '../engine/base/errors.ts'
import { UsageError } from '../engine/base/errors.ts'
import { MAX_THREADS } from './control.ts'
import { WorkerError } from './errors.ts'
import { runTask, type TaskMessage, type TaskOutcome } from './task.ts'

/** How tasks are run. */
export interface RunTasksOptions<Output, Message> {
  /** Tasks that run at a time, from 1 to 64. 1: one after the other, in the caller's thread. */
  readonly threads: number
  /** Takes what a task reports while it runs. */
  readonly onMessage?: (index: number, message: Message) => void
  /** Called when a task is done, in the order in which they are. */
  readonly onDone?: (index: number, output: Output) => void
}

/** Times that a task is given to a worker before its loss is an error. */
const ATTEMPTS = 2

/**
 * Runs independent tasks on worker threads; resolves to their results in the order of `inputs`, whatever order they end
 * in. `module` exports `run`, a `TaskFunction`; inputs, messages and results are copied between threads (structured clone:
 * plain data; bytes in a SharedArrayBuffer are shared). A task must not depend on others, or on the thread it runs in, so
 * that any number of threads gives the same results.
 *
 * A task whose worker dies is given to another worker once; the second loss is a `WorkerError`. When a task throws, no
 * later task is started, and once the running ones have ended the error of the first task in order is thrown, as one
 * thread would have. Throws `UsageError` for a number of threads out of range.
 * @example await runTasks(new URL('./square.js', import.meta.url), [1, 2, 3], { threads: 2 })
 */
export async function runTasks<Input, Output, Message = never>(
  module: URL,
  inputs: readonly Input[],
  options: RunTasksOptions<Output, Message>,
): Promise<Output[]> {
  const { threads, onDone } = options
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new UsageError(`runTasks: ${threads} threads; wanted an integer from 1 to ${MAX_THREADS}`)
  }
  const onMessage = (index: number) => (message: unknown) => options.onMessage?.(index, message as Message)
  const outputs: Output[] = []
  if (threads === 1 || inputs.length < 2) {
    for (const [index, input] of inputs.entries()) {
      outputs[index] = (await runTask(module.href, input, onMessage(index))) as Output
      onDone?.(index, outputs[index])
    }
    return outputs
  }
  const workers = Math.min(threads, inputs.length)
  const piscina = new Piscina({
    filename: new URL('./task.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    recordTiming: false,
  })
  // A worker that dies between two tasks is replaced; one that dies in a task rejects it.
  piscina.on('error', () => {})
  let next = 0
  const failures = new Map<number, Error>()
  const runner = async (): Promise<void> => {
    while (next < inputs.length && failures.size === 0) {
      const index = next++
      try {
        const output = (await attempt(piscina, module, inputs[index], onMessage(index))) as Output
        outputs[index] = output
        onDone?.(index, output)
      } catch (error) {
        failures.set(index, error as Error)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: workers }, runner))
  } finally {
    await piscina.destroy()
  }
  const first = failures.get(Math.min(...failures.keys()))
  if (first !== undefined) throw first
  return outputs
}

/** The result of a task, or its error; a worker's death costs one attempt. */
async function attempt(
  piscina: Piscina,
  module: URL,
  input: unknown,
  onMessage: (message: unknown) => void,
): Promise<unknown> {
  let loss: unknown
  for (let i = 0; i < ATTEMPTS; i++) {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', onMessage)
    // A port keeps the process alive only through its task.
    port1.unref()
    const message: TaskMessage = { module: module.href, input, port: port2 }
    let outcome: TaskOutcome
    try {
      outcome = await piscina.run(message, { transferList: [port2] })
    } catch (error) {
      loss = error
      continue
    } finally {
      port1.close()
    }
    if ('error' in outcome) throw revived(outcome.error)
    return outcome.value
  }
  const why = loss instanceof Error ? loss.message : String(loss)
  throw new WorkerError(
    `runTasks: the worker of a task died ${ATTEMPTS} times (${why}); use fewer threads if memory is short, or 1 to see where`,
  )
}

/** An error of the class that it had in its worker. */
function revived({ name, message, stack }: { name: string; message: string; stack?: string }): Error {
  const kind = (errors as Readonly<Record<string, new (message: string) => Error>>)[name] ?? Error
  const error = new kind(message)
  if (kind === Error) error.name = name
  if (stack !== undefined) error.stack = stack
  return error
}
