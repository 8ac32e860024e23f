import type { TypedArray } from '../base/dtype.ts'
import { NumericError } from '../base/errors.ts'

/** Offsets below this are never handed out: a pointer of 0 would hide a mistake. */
const FIRST = 1024
/** Every block starts at a multiple of a cache line. */
const ALIGNMENT = 64

/** Where an array that lies elsewhere was put for the duration of a call. */
interface Staged {
  readonly array: TypedArray
  readonly pointer: number
}

/**
 * The memory that SIMD kernels work in: one WebAssembly memory of fixed size (growing would detach every view), used as
 * a stack of blocks. Arrays that lie in it are worked on in place; any others are copied in for a call, and results
 * copied out after it.
 */
export class SimdMemory {
  readonly memory: WebAssembly.Memory
  #top = FIRST
  #callStart = -1
  readonly #results: Staged[] = []

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory
  }

  /** Bytes in all. */
  get capacity(): number {
    return this.memory.buffer.byteLength
  }

  /** The first free byte: everything below is in use. */
  get top(): number {
    return this.#top
  }

  /** Gives back every block from `top` on, as an earlier reading of `top` said. */
  rewind(top: number): void {
    this.#top = top
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
   * Starts a kernel call: what is staged and allocated from here on lives until `endCall`. Calls do not nest; one that
   * threw before its end is cleaned up here.
   */
  beginCall(): void {
    if (this.#callStart >= 0) this.#top = Math.min(this.#top, this.#callStart)
    this.#callStart = this.#top
    this.#results.length = 0
  }

  /** A pointer to the elements of an array that the kernel only reads. */
  input(array: TypedArray): number {
    if (array.buffer === this.memory.buffer) return array.byteOffset
    const pointer = this.allocate(array.byteLength)
    this.#bytes(pointer, array.byteLength).set(bytesOf(array))
    return pointer
  }

  /** A pointer to where the kernel writes every element of an array; its content before is not defined. */
  output(array: TypedArray): number {
    if (array.buffer === this.memory.buffer) return array.byteOffset
    const pointer = this.allocate(array.byteLength)
    this.#results.push({ array, pointer })
    return pointer
  }

  /** A pointer to an array that the kernel reads and changes. */
  update(array: TypedArray): number {
    const pointer = this.output(array)
    if (array.buffer !== this.memory.buffer) this.#bytes(pointer, array.byteLength).set(bytesOf(array))
    return pointer
  }

  /** Ends a kernel call: copies results to where they belong and gives its blocks back. */
  endCall(): void {
    for (const { array, pointer } of this.#results) bytesOf(array).set(this.#bytes(pointer, array.byteLength))
    this.#results.length = 0
    this.#top = this.#callStart
    this.#callStart = -1
  }

  #bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, length)
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
