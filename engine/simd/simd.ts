import { SimdMemory } from './memory.ts'

/** A compiled module of SIMD kernels as base64: one binary for a memory of its own, one for a shared memory. */
export interface SimdBinaries {
  readonly binary: string
  readonly sharedBinary: string
}

/**
 * Computes units [0, units) of a function over `args`, in any split: units write disjoint outputs. `cost` is the number
 * of scalar operations of the whole call, by which an implementation decides whether splitting pays.
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
  /** Whether other threads shall work on the same memory. Default false. */
  readonly shared?: boolean
}

const PAGE = 65536

/** Memory for SIMD kernels, or null where it cannot be had. */
export function createSimdMemory({ bytes = 2 ** 30, shared = false }: SimdMemoryOptions = {}): SimdMemory | null {
  const pages = Math.ceil(bytes / PAGE)
  try {
    return new SimdMemory(new WebAssembly.Memory({ initial: pages, maximum: pages, shared }))
  } catch {
    return null
  }
}

/** A module's functions on a memory, or null where there is no WebAssembly SIMD: the plain kernels then serve. */
export function attachSimd<Exports>(memory: SimdMemory, { binary, sharedBinary }: SimdBinaries): Simd<Exports> | null {
  const { memory: raw } = memory
  const isShared = typeof SharedArrayBuffer !== 'undefined' && raw.buffer instanceof SharedArrayBuffer
  const bytes = Uint8Array.from(atob(isShared ? sharedBinary : binary), (character) => character.charCodeAt(0))
  if (!WebAssembly.validate(bytes)) return null
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: raw } })
  const functions = instance.exports as unknown as Record<keyof Exports, (...values: number[]) => void>
  return { memory, dispatch: (name, units, _cost, args) => functions[name](...args, 0, units) }
}
