/** How long and how often something is timed. */
export interface Effort {
  /** Samples; their median counts. */
  readonly samples: number
  /** Runs are repeated until a sample lasts this long, in seconds. */
  readonly sampleSeconds: number
  /** Runs before the first sample last at least this long, so that the compiler has settled. */
  readonly warmUpSeconds: number
  /** No case takes much longer than this, however slow one run is. */
  readonly budgetSeconds: number
}

/** A thorough measurement. */
export const thorough: Effort = { samples: 7, sampleSeconds: 0.03, warmUpSeconds: 0.1, budgetSeconds: 3 }

/** One that only shows that everything runs. */
export const quick: Effort = { samples: 1, sampleSeconds: 0, warmUpSeconds: 0, budgetSeconds: 0 }

/** The median time of one run, in seconds. `now` is a clock in milliseconds. */
export function medianSeconds(run: () => void, effort: Effort, now = (): number => performance.now()): number {
  const sample = (repeats: number): number => {
    const start = now()
    for (let i = 0; i < repeats; i++) run()
    return (now() - start) / 1000 / repeats
  }
  let seconds = sample(1)
  for (let spent = seconds; spent < effort.warmUpSeconds; spent += seconds) seconds = sample(1)
  const repeats = Math.max(1, Math.ceil(effort.sampleSeconds / seconds))
  const affordable = Math.max(1, Math.floor(effort.budgetSeconds / (repeats * seconds)))
  const times = Array.from({ length: Math.min(effort.samples, affordable) }, () => sample(repeats))
  times.sort((a, b) => a - b)
  const middle = times.length >> 1
  return times.length % 2 === 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2
}
