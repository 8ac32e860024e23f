// Timing: several candidates for the same work, in rounds that take turns, so that what slows the machine slows all.

import { setTimeout as pause } from 'node:timers/promises'

/** A sample repeats a run until it lasts about this long, in seconds. */
const SAMPLE = 0.03
/** A candidate gets no more time than this, in seconds, however many rounds were asked for. */
const BUDGET = 8
/** Runs before the first sample, in seconds: V8 compiles what is called anew, in steps, over some thousand short runs. */
const WARM_UP = 0.5
/** Between two samples: threads of the one before stop spinning. In milliseconds. */
const PAUSE = 5

/**
 * A candidate: `run()` does the work once (may return a promise); `enter()`, if there is one, selects its back end before
 * each sample; `within(body)`, if there is one, calls `body` with what runs need in place, and they then return no promise;
 * `first` is how long its first run took, in seconds. Returns the median seconds of a run for each.
 */
export async function measure(candidates, rounds) {
  const plans = []
  for (const candidate of candidates) {
    const { first } = candidate
    // A run so slow is not repeated for the sake of warm code: its first one, whose result was checked, is its time.
    if (first > BUDGET / 2) plans.push({ candidate, repeats: 0, rounds: 0, samples: [first] })
    else plans.push(await warmUp(candidate, rounds))
  }
  for (let round = 0; round < rounds; round++) {
    for (const plan of plans) {
      if (round >= plan.rounds) continue
      await pause(PAUSE)
      plan.samples.push(await sample(plan.candidate, plan.repeats))
    }
  }
  return plans.map(({ samples }) => median(samples))
}

/** Runs until the compiler has settled; says how often a run is repeated in a sample, and how many samples fit. */
async function warmUp(candidate, rounds) {
  let seconds = await sample(candidate, 1)
  for (let spent = seconds; spent < WARM_UP; spent += seconds) seconds = await sample(candidate, 1)
  const repeats = Math.max(1, Math.ceil(SAMPLE / seconds))
  const affordable = Math.max(1, Math.floor(BUDGET / (repeats * seconds)))
  return { candidate, repeats, rounds: Math.min(rounds, affordable), samples: [] }
}

/** Seconds a run, over `repeats` runs. */
async function sample({ run, enter, within }, repeats) {
  await enter?.()
  if (within) return within(() => secondsOf(run, repeats))
  const start = performance.now()
  for (let i = 0; i < repeats; i++) {
    const pending = run()
    if (pending !== undefined) await pending
  }
  return (performance.now() - start) / 1000 / repeats
}

/** The same for runs that return no promise. */
function secondsOf(run, repeats) {
  const start = performance.now()
  for (let i = 0; i < repeats; i++) run()
  return (performance.now() - start) / 1000 / repeats
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
