import * as binaries from './binary.ts'
import type { SimdExports } from './exports.ts'
import { attachSimd, createSimdMemory } from './simd.ts'

/** Floating-point operations of one iteration of the loop in assembly/peak.ts. */
const OPERATIONS = 208

/**
 * A loop that multiplies and adds in registers alone: no kernel without fused operations can do more of them a second.
 * Returns a function that runs it `iterations` times on this thread and returns how many operations that were; null
 * without WebAssembly SIMD. Timing is the caller's.
 */
export function peakLoop(): ((iterations: number) => number) | null {
  const memory = createSimdMemory({ bytes: 65536 })
  const simd = memory && attachSimd<SimdExports>(memory, binaries)
  if (simd === null) return null
  const values = new Float32Array(14 * 4)
  return (iterations) => {
    // So small a factor leaves the sums as they are: they never become subnormal or infinite.
    values.fill(1).fill(1e-9, 0, 4)
    simd.memory.beginCall()
    const args = [simd.memory.update(values)]
    simd.dispatch('peak', iterations, iterations * OPERATIONS, args)
    simd.memory.endCall()
    return iterations * OPERATIONS
  }
}
