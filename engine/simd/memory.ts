import type { TypedArray } from '../base/dtype.ts'
import { NumericError } from '../base/errors.ts'
import type { Executor } from './executor.ts'

/** Offsets below this are never handed out: a pointer of 0 would hide a mistake. */
const FIRST = 1024
/** Every block starts at a multiple of a cache line. */
const ALIGNMENT = 64

/** Where an array that lies elsewhere was put for the duration of a call. */
interface Staged {
  readonly array: TypedArray
  readonly pointer: number
}

/** What a kernel made of a kept array. */
interface KeptForm {
  readonly pointer: number
  /** What it is; null until a kernel has made it. */
  kind: string | null
}

/**
 * The memory that SIMD kernels work in: one WebAssembly memory of fixed size (growing would detach every view), used as
 * a stack of blocks. Arrays that lie in it are worked on in place; any others are copied in for a call, and results
 * copied out after it.
 */
export class SimdMemory {
  readonly memory: WebAssembly.Memory
  /** Who computes on it; null: this thread alone. */
  readonly executor: Executor | null
  /** The memory's own, which stays the same since it does not grow; asking the memory for it takes longer than a small kernel's set-up. */
  readonly #buffer: ArrayBuffer
  #top = FIRST
  #callStart = -1
  readonly #results: Staged[] = []
  /** With an executor: begin and end of what the running call reads, and of what it writes, where that lies in the memory already. */
  readonly #reads: number[] = []
  readonly #writes: number[] = []
  /** By pointer to the array. */
  readonly #kept = new Map<number, KeptForm>()

  constructor(memory: WebAssembly.Memory, executor: Executor | null = null) {
    this.memory = memory
    this.executor = executor
    this.#buffer = memory.buffer
  }

  /** Bytes in all. */
  get capacity(): number {
    return this.#buffer.byteLength
  }

  /** The first free byte: everything below is in use. */
  get top(): number {
    return this.#top
  }

  /** Gives back every block from `top` on, as an earlier reading of `top` said. */
  rewind(top: number): void {
    this.#top = top
    for (const pointer of this.#kept.keys()) if (pointer >= top) this.#kept.delete(pointer)
  }

  /** A block of `bytes`, its content undefined. Throws `NumericError` when the memory is full. */
  allocate(bytes: number): number {
    const pointer = this.#top
    const end = pointer + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
    if (end > this.capacity) {
      throw new NumericError(
        `SIMD memory: ${bytes} bytes wanted, ${this.capacity - pointer} of ${this.capacity} are free; use smaller batches or a larger arena`,
      )
    }
    this.#top = end
    return pointer
  }

  /**
   * Says that nobody writes to an array of this memory from now on until `rewind` gives it back, and reserves as many bytes
   * again: kernels that rearrange such an operand do so once (see `keptForm`). An array that lies elsewhere is left alone.
   */
  keep(array: TypedArray): void {
    if (array.buffer !== this.#buffer || array.length === 0) return
    this.#kept.set(array.byteOffset, { pointer: this.allocate(array.byteLength), kind: null })
  }

  /**
   * A pointer to the rearranged form of a kept array, which takes no more bytes than the array; `make` writes it there at
   * the first call. Null for arrays that may change, and where the form is of another `kind` already.
   */
  keptForm(array: TypedArray, kind: string, make: (pointer: number) => void): number | null {
    const form = array.buffer === this.#buffer ? this.#kept.get(array.byteOffset) : undefined
    if (form === undefined) return null
    if (form.kind === null) {
      make(form.pointer)
      form.kind = kind
    }
    return form.kind === kind ? form.pointer : null
  }

  /**
   * Starts a kernel call: what is staged and allocated from here on lives until `endCall`. Calls do not nest; one that
   * threw before its end is cleaned up here.
   */
  beginCall(): void {
    if (this.#callStart >= 0) this.#top = Math.min(this.#top, this.#callStart)
    this.#callStart = this.#top
    this.#forgetArrays()
  }

  /**
   * With an executor: whether the running call writes what it also reads: a unit that was begun can then not be computed again from its
   * beginning, so such calls are left to one thread.
   */
  get worksInPlace(): boolean {
    return overlap(this.#reads, this.#writes)
  }

  /** A pointer to the elements of an array that the kernel only reads. */
  input(array: TypedArray | Float64Array): number {
    if (array.buffer === this.#buffer) {
      if (this.executor !== null) this.#reads.push(array.byteOffset, array.byteOffset + array.byteLength)
      return array.byteOffset
    }
    const pointer = this.allocate(array.byteLength)
    this.#bytes(pointer, array.byteLength).set(bytesOf(array))
    return pointer
  }

  /** A pointer to where the kernel writes every element of an array; its content before is not defined. */
  output(array: TypedArray): number {
    if (array.buffer === this.#buffer) {
      if (this.executor !== null) this.#writes.push(array.byteOffset, array.byteOffset + array.byteLength)
      return array.byteOffset
    }
    const pointer = this.allocate(array.byteLength)
    this.#results.push({ array, pointer })
    return pointer
  }

  /** A pointer to an array that the kernel reads and changes. */
  update(array: TypedArray): number {
    const pointer = this.output(array)
    const isStaged = array.buffer !== this.#buffer
    if (isStaged) this.#bytes(pointer, array.byteLength).set(bytesOf(array))
    if (this.executor !== null) {
      if (isStaged) this.#writes.push(pointer, pointer + array.byteLength)
      this.#reads.push(pointer, pointer + array.byteLength)
    }
    return pointer
  }

  /** Ends a kernel call: copies results to where they belong and gives its blocks back. */
  endCall(): void {
    for (const { array, pointer } of this.#results) bytesOf(array).set(this.#bytes(pointer, array.byteLength))
    if (this.#results.length > 0) this.#results.length = 0
    this.#top = this.#callStart
    this.#callStart = -1
  }

  #forgetArrays(): void {
    if (this.#results.length > 0) this.#results.length = 0
    if (this.executor === null) return
    this.#reads.length = 0
    this.#writes.length = 0
  }

  #bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, pointer, length)
  }
}

/** Whether any interval of one list of begins and ends meets any of the other. */
function overlap(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) if (a[i] < b[j + 1] && b[j] < a[i + 1]) return true
  }
  return false
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
