import type { Executor } from '../../engine/simd/executor.ts'
import { type Effort, medianSeconds } from './measure.ts'

/** A module that exports `nothing`, a function of the two ends of a range of units that returns at once. */
const EMPTY = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic number, version 1
  ...[0x01, 0x06, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x00], // one type: (i32, i32) -> ()
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x07, 0x0b, 0x01, 0x07, 0x6e, 0x6f, 0x74, 0x68, 0x69, 0x6e, 0x67, 0x00, 0x00], // exported as 'nothing'
  ...[0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b], // without locals, its body ends at once
)

/**
 * The median microseconds in which an executor shares out a job in which there is nothing to compute, one unit for each
 * thread, and sees its end; null with one thread.
 */
export function dispatchMicroseconds(executor: Executor | undefined, effort: Effort): number | null {
  if (executor === undefined || executor.threads < 2) return null
  const module = new WebAssembly.Module(EMPTY)
  const { exports } = new WebAssembly.Instance(module)
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  const run = executor.attach(module, memory, exports as Record<string, (...values: number[]) => void>)
  return 1e6 * medianSeconds(() => run('nothing', executor.threads, Number.POSITIVE_INFINITY, []), effort)
}
