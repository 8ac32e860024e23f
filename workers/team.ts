import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { ControlBlock } from './control.ts'
import { WorkerError } from './errors.ts'
import type { ModuleMessage, ResidentTask } from './resident.ts'

/**
 * The worker threads of a pool: a Piscina whose workers run one task each for their whole life. A worker that dies is
 * replaced, as soon as the caller's event loop runs.
 */
export class Team {
  readonly #control: ControlBlock
  readonly #modules: () => Iterable<ModuleMessage>
  readonly #piscina: Piscina
  /** By thread number, as long as they are ready; the caller is thread 0 and none of them. */
  readonly #workers: (Worker | null)[]
  /** By thread number, from before the worker is ready. */
  readonly #ports: (MessagePort | null)[]
  #dismissed = false

  /** Use `startTeam`. */
  constructor(workers: number, control: ControlBlock, modules: () => Iterable<ModuleMessage>) {
    this.#control = control
    this.#modules = modules
    this.#workers = new Array(workers + 1).fill(null)
    this.#ports = new Array(workers + 1).fill(null)
    this.#piscina = new Piscina({
      filename: new URL('./resident.js', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    })
    this.#piscina.on('error', (error) => warn('a worker thread failed', error))
  }

  /** The threads that are ready. */
  get workers(): readonly Worker[] {
    return this.#workers.filter((worker) => worker !== null)
  }

  /**
   * Whether a thread runs. One that has stopped reports an idle time of -1, and does so at once: its exit event would
   * only come with the caller's event loop.
   */
  readonly lives = (thread: number): boolean => {
    const worker = this.#workers[thread]
    return worker !== null && worker.performance.eventLoopUtilization().idle >= 0
  }

  /** Whether any thread that runs holds a chunk. */
  get isBusy(): boolean {
    return this.#workers.some((_, thread) => this.#control.isHolding(thread) && this.lives(thread))
  }

  /** Starts the workers; resolves when all are ready, rejects if one never is. */
  async start(): Promise<void> {
    await Promise.all(this.#workers.slice(1).map((_, i) => this.#startResident(i + 1)))
  }

  /** Sends a message to all workers, those included that are about to be ready. */
  post(message: ModuleMessage): void {
    for (const port of this.#ports) port?.postMessage(message)
    this.#control.announce()
  }

  /** Stops the threads, whatever they do, without replacing them. */
  terminate(): void {
    this.#dismissed = true
    for (const worker of this.workers) void worker.terminate()
  }

  /** Stops the threads; resolves when they have ended. */
  async dismiss(): Promise<void> {
    this.#dismissed = true
    await this.#piscina.destroy()
    for (const port of this.#ports) port?.close()
    this.#workers.fill(null)
  }

  async #startResident(thread: number): Promise<void> {
    const { port1: port, port2 } = new MessageChannel()
    this.#ports[thread] = port
    for (const message of this.#modules()) port.postMessage(message)
    this.#control.release(thread)
    const task: ResidentTask = { control: this.#control.buffer, port: port2, thread }
    const ready = new Promise<number>((resolve) => port.once('message', resolve))
    const ended: Promise<undefined> = this.#piscina.run(task, { transferList: [port2] })
    const threadId = await Promise.race([ready, ended])
    port.unref()
    const worker = this.#piscina.threads.find((candidate) => candidate.threadId === threadId)
    if (worker === undefined) throw new WorkerError('it ended before it was ready')
    // What it notes at its first call, `lives` needs later.
    worker.performance.eventLoopUtilization()
    this.#workers[thread] = worker
    // It ends with its thread only.
    ended.catch(() => this.#replace(thread))
  }

  #replace(thread: number): void {
    this.#ports[thread]?.close()
    this.#ports[thread] = null
    this.#workers[thread] = null
    if (this.#dismissed) return
    this.#startResident(thread).catch((error) => {
      if (!this.#dismissed) warn('a worker thread died and could not be replaced; computing with one less', error)
    })
  }
}

/**
 * Starts worker threads that compute the commands of a control block. Where they cannot start: one warning, and null.
 * `modules` lists what a new worker has to know.
 */
export async function startTeam(
  workers: number,
  control: ControlBlock,
  modules: () => Iterable<ModuleMessage>,
): Promise<Team | null> {
  let team: Team | null = null
  try {
    team = new Team(workers, control, modules)
    await team.start()
    return team
  } catch (error) {
    await team?.dismiss()
    warn(`${workers} worker threads could not be started; computing with one thread`, error)
    return null
  }
}

function warn(what: string, error: unknown): void {
  process.emitWarning(`${what} (${error instanceof Error ? error.message : String(error)})`, 'QuantTrimWarning')
}
