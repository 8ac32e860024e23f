import { roundingOf } from '../../../engine/base/rounding.ts'
import type { Parameters } from '../../../engine/graph/graph.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { Backend } from '../backend.ts'
import type { ProgramValue } from '../program.ts'
import type { Interval } from './fuse.ts'

/** What the lowering of one node reads, and where it leaves constants. */
export interface LoweringContext {
  readonly backend: Backend
  readonly weightBits: number
  readonly parameters: Parameters
  /** Of each layer, by node name. */
  readonly weightQuantisers: ReadonlyMap<string, Quantiser>
  /** By tensor name. */
  readonly values: ReadonlyMap<string, ProgramValue>
  readonly constants: Map<string, Int8Array | Uint8Array | Int32Array>
}

/** The value of a tensor. */
export function valueNamed(context: LoweringContext, name: string): ProgramValue {
  return context.values.get(name) as ProgramValue
}

/**
 * The codes that an interval of real numbers allows: round(f32(v / s)) + z at each end, within the code range.
 * Example: [0, 6], s = 0.05, z = -128, int8: 6 / s = 120 steps, so low -128, high -8.
 */
export function codeBounds(
  { lo, hi }: Interval,
  { scale, zeroPoint, qmin, qmax }: ProgramValue,
  { rounding }: Backend,
): { low: number; high: number } {
  const round = roundingOf(rounding.clamp)
  const bound = (v: number): number => Math.min(Math.max(round(Math.fround(v / scale)) + zeroPoint, qmin), qmax)
  return { low: bound(lo), high: bound(hi) }
}
