import { duration, type Progress } from '../terminal.ts'

/** Progress lines with the time that is left, as the pace so far lets it expect. */
export class PhaseProgress {
  readonly #progress: Progress
  readonly #phase: string
  readonly #total: number
  readonly #started = performance.now()
  #done = 0

  /** A phase of `total` pieces of about the same size. */
  constructor(progress: Progress, phase: string, total: number) {
    this.#progress = progress
    this.#phase = phase
    this.#total = total
  }

  /** So many more pieces are done. */
  advance(pieces: number, what: string): void {
    this.#done += pieces
    const seconds = (performance.now() - this.#started) / 1000
    const left = (seconds / this.#done) * (this.#total - this.#done)
    const expectation = this.#done < this.#total ? `  about ${duration(left)} left` : ''
    this.#progress.line(`${this.#phase} ${this.#done}/${this.#total}${expectation}  ${what}`)
  }
}
