import type { MessagePort } from 'node:worker_threads'

/** What a module of tasks exports: computes one task; `report` tells whoever waits how far it is. */
export type TaskFunction<Input, Output, Message = never> = (
  input: Input,
  report: (message: Message) => void,
) => Output | Promise<Output>

/** One task on its way to a worker. */
export interface TaskMessage {
  /** URL of the module, which exports `run`. */
  readonly module: string
  readonly input: unknown
  /** Takes what the task reports. */
  readonly port: MessagePort
}

/** What became of a task; an error is described, as a worker's error classes are not the caller's. */
export type TaskOutcome =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack?: string } }

/** Loads a task's module and runs one task. */
export async function runTask(module: string, input: unknown, report: (message: unknown) => void): Promise<unknown> {
  const { run } = (await import(module)) as { run: TaskFunction<unknown, unknown, unknown> }
  return run(input, report)
}

/** What a worker does: an error of the task is a result like any other, so that a rejection means a dead worker. */
export default async function task({ module, input, port }: TaskMessage): Promise<TaskOutcome> {
  try {
    return { value: await runTask(module, input, (message) => port.postMessage(message)) }
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
    return { error: { name, message, stack } }
  } finally {
    port.close()
  }
}
