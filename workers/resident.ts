import { type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads'
import { ControlBlock, NONE } from './control.ts'

/** What a resident task needs. */
export interface ResidentTask {
  readonly control: SharedArrayBuffer
  /** Brings `ModuleMessage`s; the task sends its thread's id through it once it is ready. */
  readonly port: MessagePort
  /** The worker's number in the pool, from 1. */
  readonly thread: number
}

/** A module and the memory that it works on or, with neither, the end of what `id` stood for. */
export interface ModuleMessage {
  readonly id: number
  readonly module?: WebAssembly.Module
  readonly memory?: WebAssembly.Memory
}

type Functions = readonly ((...values: number[]) => void)[]

/** How often a worker looks for work before it sleeps: some 100 µs. To wake it up takes the caller up to half of that. */
const SPINS = 6000

/**
 * The one task that a worker of the pool runs: computes chunks of the caller's commands until its thread is stopped. It
 * never gives the thread back to the event loop, so commands and modules reach it through shared memory and a port that
 * it reads itself. An error while computing is not reported: the chunk counts as lost, the caller computes it, and so
 * meets the error where it can be thrown.
 */
export default function resident({ control, port, thread }: ResidentTask): never {
  const block = new ControlBlock(control)
  const modules = new Map<number, Functions>()
  let news = -1
  port.postMessage(threadId)
  for (;;) {
    block.waitForWork(SPINS)
    for (let chunk = block.claim(thread); chunk !== NONE; chunk = block.claim(thread)) {
      try {
        if (block.news !== news) {
          news = block.news
          receiveModules(port, modules)
        }
        const command = block.command
        const begin = block.begin(chunk)
        const end = Math.min(begin + command.chunkSize, command.units)
        const functions = modules.get(command.module) as Functions
        functions[command.function](...command.args, begin, end)
        block.finish(chunk)
      } catch {
        // Lost, as said above.
      }
    }
  }
}

function receiveModules(port: MessagePort, modules: Map<number, Functions>): void {
  for (let entry = receiveMessageOnPort(port); entry !== undefined; entry = receiveMessageOnPort(port)) {
    const { id, module, memory } = entry.message as ModuleMessage
    if (module === undefined || memory === undefined) {
      modules.delete(id)
    } else {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } })
      modules.set(id, functionsOf(module, exports))
    }
  }
}

/** What a module exports, in its own order, by which commands name functions. */
function functionsOf(module: WebAssembly.Module, exports: WebAssembly.Exports): Functions {
  return WebAssembly.Module.exports(module).map(({ name }) => exports[name] as Functions[number])
}
