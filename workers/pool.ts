import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { UsageError } from '../engine/base/errors.ts'
import type { Executor, Run } from '../engine/simd/executor.ts'
import { type Command, ControlBlock, MAX_ARGUMENTS, MAX_THREADS, NONE } from './control.ts'
import { WorkerError } from './errors.ts'
import type { ModuleMessage } from './resident.ts'
import { startTeam, type Team } from './team.ts'

/** Options of `createPool`. */
export interface PoolOptions {
  /** Threads that compute, the caller's included, from 1 to 64. Default: the cores that the process may use. */
  readonly threads?: number
  /** Milliseconds after which a worker that does not finish its piece of work counts as hanging. Default 30000. */
  readonly hangTimeout?: number
  /**
   * Calls of fewer scalar operations are computed by the caller alone, as splitting them would cost more than it gains.
   * Default 2^17: some 50 µs of a simple kernel, where sharing work out takes 2 µs, or 50 if workers sleep.
   */
  readonly smallestSplit?: number
}

/** Pieces of a call for each thread: enough that a late thread costs little, few enough that claiming them does. */
const CHUNKS_PER_THREAD = 8
/** How often the caller looks for the end of a chunk before it sleeps: some 50 µs. */
const SPINS = 5000
/** Milliseconds between two looks at whether a worker that lets the caller wait is alive. */
const CHECK_INTERVAL = 2

/** A module that the workers have, without keeping its memory alive. */
interface Attached {
  readonly module: WebAssembly.Module
  readonly memory: WeakRef<WebAssembly.Memory>
}

/**
 * Threads that compute SIMD kernels together with the thread that made them: the bits are those of one thread. Each
 * worker runs one task for its whole life, which waits on a block of shared memory for commands (see `ControlBlock`), so
 * the API stays synchronous; the caller computes too, and waits only for chunks that a worker has claimed.
 *
 * A worker that dies costs time, not the result: chunks can be computed again, as the contract of `Executor` says, and
 * the caller does so once the thread has stopped; the worker is replaced when the caller's event loop runs. An error in
 * a kernel is thrown by the caller after every worker has let go of the call.
 */
export class Pool implements Executor {
  readonly #requested: number
  readonly #hangTimeout: number
  readonly #smallestSplit: number
  readonly #control = new ControlBlock()
  readonly #attached = new Map<number, Attached>()
  readonly #registry = new FinalizationRegistry<number>((id) => this.#forget(id))
  /** Null before the start, and where there are no workers. */
  #team: Team | null = null
  #lastId = 0
  /** Resolves when the workers have ended; null while the pool is open. */
  #closing: Promise<void> | null = null
  #failure: WorkerError | null = null

  /** Use `createPool`. Throws `UsageError` for options out of range. */
  constructor(options: PoolOptions) {
    const { threads = Math.min(availableParallelism(), MAX_THREADS), hangTimeout = 30000 } = options
    if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
      throw new UsageError(`createPool: ${threads} threads; wanted an integer from 1 to ${MAX_THREADS}`)
    }
    if (!(hangTimeout > 0)) {
      throw new UsageError(`createPool: hangTimeout ${hangTimeout}; wanted milliseconds, more than 0`)
    }
    this.#requested = threads
    this.#hangTimeout = hangTimeout
    this.#smallestSplit = options.smallestSplit ?? 2 ** 17
  }

  /** Threads that compute, the caller's included: 1 where workers could not be started. */
  get threads(): number {
    return this.#team === null ? 1 : this.#requested
  }

  /** The worker threads that are ready now; for diagnosis. */
  get workers(): readonly Worker[] {
    return this.#team?.workers ?? []
  }

  /** Modules with a memory in use that the workers have; for diagnosis. */
  get attached(): number {
    return this.#attached.size
  }

  /** Starts the workers; resolves when all are ready. Where they cannot start, the pool is serial after a warning. */
  async start(): Promise<void> {
    const workers = this.#requested - 1
    if (workers > 0) this.#team = await startTeam(workers, this.#control, () => this.#modules())
  }

  /** As `Executor` says. Throws `UsageError` when the pool is closed. */
  attach(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    functions: Readonly<Record<string, (...values: number[]) => void>>,
  ): Run {
    this.#assertUsable()
    const id = ++this.#lastId
    const index = new Map(WebAssembly.Module.exports(module).map(({ name }, i) => [name, i]))
    this.#attached.set(id, { module, memory: new WeakRef(memory) })
    this.#registry.register(memory, id)
    this.#team?.post({ id, module, memory })
    return (name, units, cost, args) => {
      this.#assertUsable()
      const compute = functions[name]
      const team = this.#team
      if (team === null || cost < this.#smallestSplit || units < 2 || args.length > MAX_ARGUMENTS) {
        compute(...args, 0, units)
        return
      }
      const chunkSize = chooseChunkSize(units, this.threads)
      this.#split(team, { module: id, function: index.get(name) as number, units, chunkSize, args }, name, compute)
    }
  }

  /**
   * Ends the workers; resolves when they have ended. Computing on the pool's memory is a `UsageError` from then on:
   * choose other kernels with `useKernels` first.
   */
  close(): Promise<void> {
    // No call is being computed now: the caller's thread is here.
    this.#closing ??= this.#team?.dismiss() ?? Promise.resolve()
    return this.#closing
  }

  #assertUsable(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#closing !== null) {
      throw new UsageError('pool: it is closed; choose other kernels with useKernels, or close the pool later')
    }
  }

  /** Computes a command together with the workers. */
  #split(team: Team, command: Command, name: string, compute: (...values: number[]) => void): void {
    const control = this.#control
    if (control.isFull) {
      this.#awaitRelease(team)
      this.#assertUsable()
      control.restart()
    }
    const { units, chunkSize, args } = command
    const first = control.publish(command)
    const computeChunk = (chunk: number): void => {
      const begin = (chunk - first) * chunkSize
      compute(...args, begin, Math.min(begin + chunkSize, units))
      control.finish(chunk)
    }
    try {
      for (let chunk = control.claim(0); chunk !== NONE; chunk = control.claim(0)) computeChunk(chunk)
      for (let chunk = first; (chunk - first) * chunkSize < units; chunk++) {
        if (!this.#awaitChunk(team, chunk, name)) computeChunk(chunk)
      }
    } catch (error) {
      control.withdraw()
      this.#awaitRelease(team)
      throw error
    }
  }

  /** Waits until a claimed chunk is done; false when nobody will ever finish it. */
  #awaitChunk(team: Team, chunk: number, name: string): boolean {
    const control = this.#control
    for (let i = 0; i < SPINS; i++) if (control.isDone(chunk)) return true
    // Waits are counted, as a clock goes on while the whole process is suspended.
    for (let waited = 0; !control.waitUntilDone(chunk, CHECK_INTERVAL); waited += CHECK_INTERVAL) {
      if (control.isLost(chunk, this.threads, team.lives)) return false
      if (waited >= this.#hangTimeout) throw this.#fail(team, `did not finish its part of ${name}`)
    }
    return true
  }

  /** Waits until no living worker holds a chunk, so that none still writes to memory that is about to be reused. */
  #awaitRelease(team: Team): void {
    for (let waited = 0; this.#failure === null && team.isBusy; waited += CHECK_INTERVAL) {
      if (waited >= this.#hangTimeout) this.#fail(team, 'did not end its work')
      this.#control.sleep(CHECK_INTERVAL)
    }
  }

  /** Gives the pool up: workers that do not answer may still write to its memory. */
  #fail(team: Team, what: string): WorkerError {
    const failure = new WorkerError(
      `pool: a worker thread ${what} within ${this.#hangTimeout} ms and was stopped; close the pool and create another, with a longer hangTimeout if that is not enough time, or with one thread`,
    )
    this.#failure = failure
    team.terminate()
    return failure
  }

  /** What a new worker has to know. */
  *#modules(): Generator<ModuleMessage> {
    for (const [id, { module, memory }] of this.#attached) {
      const alive = memory.deref()
      if (alive !== undefined) yield { id, module, memory: alive }
    }
  }

  /** A memory is no longer used: lets the workers drop it as well. */
  #forget(id: number): void {
    this.#attached.delete(id)
    this.#team?.post({ id })
  }
}

/**
 * Starts threads that compute SIMD kernels together with the caller's; `await pool.close()` ends them, and a process does
 * not exit before. Any number of threads gives the same bits. Where workers cannot be started, the pool computes with
 * the caller's thread alone, after one warning. Throws `UsageError` for options out of range.
 * @example
 * const pool = await createPool({ threads: 4 })
 * useKernels({ kernels: 'simd', executor: pool })
 */
export async function createPool(options: PoolOptions = {}): Promise<Pool> {
  const pool = new Pool(options)
  await pool.start()
  return pool
}

/** Units in a chunk: the last chunk may be smaller. Larger ones are multiples of every vector and cache line. */
function chooseChunkSize(units: number, threads: number): number {
  const size = Math.ceil(units / (threads * CHUNKS_PER_THREAD))
  return size > 64 ? Math.ceil(size / 16) * 16 : size
}
