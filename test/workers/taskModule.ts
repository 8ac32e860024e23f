import { UsageError } from '../../engine/base/errors.ts'

/** What the test asks of a task. */
export interface TestTask {
  readonly number: number
  readonly mode: 'square' | 'fail' | 'fail like JavaScript' | 'die once' | 'die' | 'report'
  /** Counts the times that the task was started. */
  readonly starts: SharedArrayBuffer
}

export function run({ number, mode, starts }: TestTask, report: (message: string) => void): number {
  const count = Atomics.add(new Int32Array(starts), 0, 1)
  if (mode === 'fail') throw new UsageError(`task ${number} fails`)
  if (mode === 'fail like JavaScript') throw new RangeError(`task ${number} fails`)
  // In a worker this ends the thread, not the process.
  if (mode === 'die' || (mode === 'die once' && count === 0)) process.exit(7)
  if (mode === 'report') report(`task ${number}`)
  return number * number
}
