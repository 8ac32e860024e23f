import type { Executor, Run } from './executor.ts'
import { SimdMemory } from './memory.ts'

/** A compiled module of SIMD kernels as base64: one binary for a memory of its own, one for a shared memory. */
export interface SimdBinaries {
  readonly binary: string
  readonly sharedBinary: string
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

/** What has been compiled, by base64, so that sessions share it; null: this place does not compile it. */
const modules = new Map<string, WebAssembly.Module | null>()

/** The module of a binary, or null where there is no WebAssembly SIMD or compiling is forbidden. */
function compileModule(base64: string): WebAssembly.Module | null {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
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
export function attachSimd<Exports>(memory: SimdMemory, { binary, sharedBinary }: SimdBinaries): Simd<Exports> | null {
  const { memory: raw, executor } = memory
  const base64 = executor === null ? binary : sharedBinary
  let module = modules.get(base64)
  if (module === undefined) {
    module = compileModule(base64)
    modules.set(base64, module)
  }
  if (module === null) return null
  const { exports } = new WebAssembly.Instance(module, { env: { memory: raw } })
  const functions = exports as unknown as Record<string, (...values: number[]) => void>
  const serial: Run = (name, units, _cost, args) => functions[name](...args, 0, units)
  const parallel = executor?.attach(module, raw, functions) ?? serial
  return {
    memory,
    dispatch: (name, units, cost, args) => {
      const run = memory.worksInPlace ? serial : parallel
      run(name as string, units, cost, args)
    },
  }
}
