/** The most threads that a pool may have, the caller's included. */
export const MAX_THREADS = 64
/** The most chunks that a command may have. */
export const MAX_CHUNKS = 8 * MAX_THREADS
/** The most arguments that a command may have. */
export const MAX_ARGUMENTS = 64
/** No chunk: chunks are numbered from 1. */
export const NONE = 0

/** What is to be computed. */
export interface Command {
  /** Number of the module, as it was attached. */
  readonly module: number
  /** Index of the function among the exports of the module. */
  readonly function: number
  readonly units: number
  /** Units in a chunk; the last may have fewer. */
  readonly chunkSize: number
  readonly args: readonly number[]
}

// Layout in 32-bit words. What threads poll lies in cache lines (16 words) of its own.
const LINE = 16
const END = 0
const NEXT = LINE
const NEWS = 2 * LINE
const FIRST = 3 * LINE
const MODULE = FIRST + 1
const FUNCTION = FIRST + 2
const UNITS = FIRST + 3
const CHUNK_SIZE = FIRST + 4
const ARGUMENT_COUNT = FIRST + 5
const HELD = 4 * LINE
const DONE = HELD + MAX_THREADS * LINE
const ARGUMENTS = DONE + MAX_CHUNKS
const BYTES = 4 * ARGUMENTS + 8 * MAX_ARGUMENTS

/** Chunk numbers start over here, long before they would leave 31 bits. */
const NUMBER_LIMIT = 2 ** 30

/**
 * The block in shared memory through which a caller and its workers share out chunks of work.
 *
 * Chunks are numbered over the whole life of a pool. `END` is one past the last chunk that was handed out to be computed,
 * `NEXT` the next that nobody has claimed; `NEXT < END` means work. The caller writes a command while NEXT = END and
 * publishes it by raising END; a thread claims chunk c by exchanging NEXT = c for c + 1, and only then reads the command,
 * which cannot change before c is done. So a thread that comes late, with whatever it had read before, can neither claim
 * a chunk of a later command for an earlier one nor read half a command.
 *
 * Each thread says in `HELD` which chunk it holds, from before it claims it until after it marked it in `DONE` (there, at
 * the chunk's place in its command, stands the number of the chunk that was done last). So a claimed chunk that is not
 * done and that no living thread holds was lost, with the thread that had it or by an error there; see `isLost`.
 */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #arguments: Float64Array

  /** On a new block, or on one that another thread made. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer, 0, ARGUMENTS)
    this.#arguments = new Float64Array(buffer, 4 * ARGUMENTS, MAX_ARGUMENTS)
    if (this.#words[NEXT] === NONE) this.restart()
  }

  /** Whether there is no room for another command's numbers before `restart`. */
  get isFull(): boolean {
    return this.#words[END] > NUMBER_LIMIT
  }

  /** Numbers chunks from 1 again. Only while no thread holds a chunk. */
  restart(): void {
    // In this order no thread ever sees NEXT < END.
    Atomics.store(this.#words, END, 0)
    Atomics.store(this.#words, NEXT, 1)
    Atomics.store(this.#words, END, 1)
    this.#words.fill(NONE, DONE, DONE + MAX_CHUNKS)
  }

  /** Hands out a command, whose chunks begin at the number returned. Only while every earlier chunk is done or lost. */
  publish({ module, function: index, units, chunkSize, args }: Command): number {
    const words = this.#words
    const first = words[END]
    words[FIRST] = first
    words[MODULE] = module
    words[FUNCTION] = index
    words[UNITS] = units
    words[CHUNK_SIZE] = chunkSize
    words[ARGUMENT_COUNT] = args.length
    for (let i = 0; i < args.length; i++) this.#arguments[i] = args[i]
    Atomics.store(words, END, first + Math.ceil(units / chunkSize))
    Atomics.notify(words, END)
    return first
  }

  /** Claims the next chunk for a thread; NONE when all are claimed, and the thread then holds none. */
  claim(thread: number): number {
    const words = this.#words
    for (;;) {
      const chunk = Atomics.load(words, NEXT)
      if (chunk >= Atomics.load(words, END)) {
        this.release(thread)
        return NONE
      }
      Atomics.store(words, HELD + thread * LINE, chunk)
      if (Atomics.compareExchange(words, NEXT, chunk, chunk + 1) === chunk) return chunk
    }
  }

  /** The command that a claimed chunk belongs to. */
  get command(): Command {
    const words = this.#words
    const args: number[] = []
    for (let i = 0; i < words[ARGUMENT_COUNT]; i++) args.push(this.#arguments[i])
    return {
      module: words[MODULE],
      function: words[FUNCTION],
      units: words[UNITS],
      chunkSize: words[CHUNK_SIZE],
      args,
    }
  }

  /** First unit of a claimed chunk. */
  begin(chunk: number): number {
    return (chunk - this.#words[FIRST]) * this.#words[CHUNK_SIZE]
  }

  /** Marks a claimed chunk as done, for the caller who may wait for it. */
  finish(chunk: number): void {
    const place = DONE + chunk - this.#words[FIRST]
    Atomics.store(this.#words, place, chunk)
    Atomics.notify(this.#words, place)
  }

  isDone(chunk: number): boolean {
    return Atomics.load(this.#words, DONE + chunk - this.#words[FIRST]) === chunk
  }

  /** Waits until a chunk is done, or for some milliseconds. Returns whether it is. */
  waitUntilDone(chunk: number, milliseconds: number): boolean {
    const place = DONE + chunk - this.#words[FIRST]
    const before = Atomics.load(this.#words, place)
    if (before !== chunk) Atomics.wait(this.#words, place, before, milliseconds)
    return this.isDone(chunk)
  }

  /** Blocks the thread for some milliseconds. */
  sleep(milliseconds: number): void {
    // Nobody notifies this word.
    Atomics.wait(this.#words, NEXT, Atomics.load(this.#words, NEXT), milliseconds)
  }

  /** Whether a thread holds a chunk, or is about to claim one. */
  isHolding(thread: number): boolean {
    return Atomics.load(this.#words, HELD + thread * LINE) !== NONE
  }

  /** Says that a thread holds no chunk any more. */
  release(thread: number): void {
    Atomics.store(this.#words, HELD + thread * LINE, NONE)
  }

  /**
   * Whether a chunk that all threads have had their chance to claim is not done and held by none of those that `lives`
   * says are running: nobody will ever finish it.
   */
  isLost(chunk: number, threads: number, lives: (thread: number) => boolean): boolean {
    for (let thread = 1; thread < threads; thread++) {
      if (Atomics.load(this.#words, HELD + thread * LINE) === chunk && lives(thread)) return false
    }
    // Whoever let go of it after the caller last looked had marked it before.
    return !this.isDone(chunk)
  }

  /** Takes back the chunks that nobody has claimed. */
  withdraw(): void {
    Atomics.store(this.#words, NEXT, this.#words[END])
  }

  /** Says that there are messages for the workers. */
  announce(): void {
    Atomics.add(this.#words, NEWS, 1)
  }

  /** How often `announce` was called. */
  get news(): number {
    return Atomics.load(this.#words, NEWS)
  }

  /** Waits until there is a chunk to claim, first by looking `spins` times, then asleep. */
  waitForWork(spins: number): void {
    const words = this.#words
    for (let i = 0; ; i++) {
      const end = Atomics.load(words, END)
      if (Atomics.load(words, NEXT) < end) return
      if (i >= spins) Atomics.wait(words, END, end)
    }
  }
}
