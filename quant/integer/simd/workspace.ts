import type { Executor } from '../../../engine/simd/executor.ts'
import { attachSimd, createSimdMemory } from '../../../engine/simd/simd.ts'
import type { PreparedStep, Scratch } from '../execute/runner.ts'
import { type IntegerKernels, plainIntegerKernels } from '../kernels/index.ts'
import type { Place, PlanArray } from '../placement.ts'
import { type BufferArray, type Storage, storageBytes } from '../storage.ts'
import * as binaries from './binary.ts'
import { bindInteger } from './bindings.ts'
import type { IntegerExports } from './exports.ts'

/** What a session computes with and in. */
export interface Workspace {
  readonly kernels: IntegerKernels
  /** Tensors, one array a buffer of the memory plan. */
  readonly buffers: readonly BufferArray[]
  readonly scratch: Scratch
}

/** Bytes that alignment of a block may cost, and what SIMD loads may read behind the last block. */
const ALIGNMENT = 64
const RESERVE = 4096

const arrays = { int8: Int8Array, int16: Int16Array, float32: Float32Array } as const

/** A buffer of a workspace: how many elements, of which type. */
export interface BufferSpec {
  readonly size: number
  readonly storage: Storage
}

/**
 * Memory for a program: its constants (which are moved there), its buffers, scratch, and room to bring the
 * contents of any buffer in or out as 32-bit numbers. One WebAssembly memory where there is SIMD; ordinary arrays with the plain kernels otherwise.
 */
export function createWorkspace(
  steps: readonly PreparedStep[],
  specs: readonly BufferSpec[],
  { kernels = 'simd', executor }: { readonly kernels?: 'simd' | 'plain'; readonly executor?: Executor },
): Workspace {
  const packed = Math.max(0, ...steps.map(({ needs }) => needs.packed))
  const sums = Math.max(0, ...steps.map(({ needs }) => needs.sums))
  const plain = (): Workspace => ({
    kernels: plainIntegerKernels,
    buffers: specs.map(({ size, storage }) => new arrays[storage](size)),
    scratch: { packed: new Int16Array(packed), sums: new Int32Array(sums) },
  })
  if (kernels === 'plain') return plain()

  let bytes =
    RESERVE + 2 * ALIGNMENT + 2 * packed + 4 * sums + 4 * Math.max(0, ...specs.map(({ size }) => size)) + 2 * ALIGNMENT
  for (const { size, storage } of specs) bytes += size * storageBytes[storage] + ALIGNMENT
  const count: Place = (array) => {
    bytes += array.byteLength + ALIGNMENT
    return array
  }
  for (const step of steps) step.place(count)
  const memory = createSimdMemory({ bytes, executor })
  const simd = memory && attachSimd<IntegerExports>(memory, binaries)
  if (memory === null || simd === null) return plain()
  const { buffer } = memory.memory
  const place: Place = (array) => {
    const Type = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => PlanArray
    const moved = new Type(buffer, memory.allocate(array.byteLength), array.length)
    moved.set(array)
    return moved as typeof array
  }
  for (const step of steps) step.place(place)
  return {
    kernels: bindInteger(simd),
    buffers: specs.map(
      ({ size, storage }) => new arrays[storage](buffer, memory.allocate(size * storageBytes[storage]), size),
    ),
    scratch: {
      packed: new Int16Array(buffer, memory.allocate(2 * packed), packed),
      sums: new Int32Array(buffer, memory.allocate(4 * sums), sums),
    },
  }
}
