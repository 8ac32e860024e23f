import type { Executor, Run } from './executor.ts'
import { inflate } from './inflate.ts'
import { SimdMemory } from './memory.ts'
import { withSharedMemory } from './sharedImport.ts'

/** A compiled module of SIMD kernels, deflated and then as base64. */
export interface SimdBinary {
  readonly binary: string
}

/**
 * Computes units [0, units) of a function over `args`, in any split: units write disjoint outputs, and a unit may be
 * computed again from its beginning, so it must not need what it, or an earlier dispatch to the same output, left there.
 * Calls that do (in place, accumulating) get their output's pointer from `memory.update`, and stay on one thread.
 * `cost` is the number of scalar operations of the whole call, by which an executor decides whether splitting pays.
 */
export type Dispatch<Exports> = (name: keyof Exports, units: number, cost: number, args: readonly number[]) => void

/** A module's functions on a memory, and how calls reach them: what kernel bindings are written against. */
export interface Simd<Exports> {
  readonly memory: SimdMemory
  readonly dispatch: Dispatch<Exports>
}

/** Options of `createSimdMemory`. */
export interface SimdMemoryOptions {
  /** Default 1 GiB; reserved, but not touched until used. */
  readonly bytes?: number
  /** Computes with several threads, for which the memory is shared. Default: this thread alone. */
  readonly executor?: Executor
}

const PAGE = 65536

/** Memory for SIMD kernels, or null where it cannot be had. */
export function createSimdMemory({ bytes = 2 ** 30, executor }: SimdMemoryOptions = {}): SimdMemory | null {
  const pages = Math.ceil(bytes / PAGE)
  const shared = executor !== undefined && executor.threads > 1
  try {
    return new SimdMemory(new WebAssembly.Memory({ initial: pages, maximum: pages, shared }), shared ? executor : null)
  } catch {
    return null
  }
}

/** What has been compiled, by binary and kind of memory, so that sessions share it; null: this place does not compile it. */
const compiled = {
  own: new Map<string, WebAssembly.Module | null>(),
  shared: new Map<string, WebAssembly.Module | null>(),
}

/** The module of a binary, or null where there is no WebAssembly SIMD or compiling is forbidden. */
function compileModule(binary: string, shared: boolean): WebAssembly.Module | null {
  const decoded = inflate(Uint8Array.from(atob(binary), (character) => character.charCodeAt(0)))
  const bytes = shared ? withSharedMemory(decoded) : decoded
  if (!WebAssembly.validate(bytes)) return null
  try {
    return new WebAssembly.Module(bytes)
  } catch {
    // A content security policy without 'wasm-unsafe-eval' refuses a valid module, and so did Chromium until 2023 on
    // its main thread, where it compiled no more than 4 KB without waiting.
    return null
  }
}

/**
 * A module's functions on a memory, or null where there is no WebAssembly SIMD or compiling it is forbidden: the plain
 * kernels then serve.
 */
export function attachSimd<Exports>(memory: SimdMemory, { binary }: SimdBinary): Simd<Exports> | null {
  const { memory: raw, executor } = memory
  const shared = executor !== null
  const modules = compiled[shared ? 'shared' : 'own']
  let module = modules.get(binary)
  if (module === undefined) {
    module = compileModule(binary, shared)
    modules.set(binary, module)
  }
  if (module === null) return null
  const { exports } = new WebAssembly.Instance(module, { env: { memory: raw } })
  const functions = exports as unknown as Record<string, (...values: number[]) => void>
  const serial: Run = (name, units, _cost, args) => functions[name](...args, 0, units)
  if (executor === null) return { memory, dispatch: serial as Dispatch<Exports> }
  const parallel = executor.attach(module, raw, functions)
  return {
    memory,
    dispatch: (name, units, cost, args) => {
      const run = memory.worksInPlace ? serial : parallel
      run(name as string, units, cost, args)
    },
  }
}
