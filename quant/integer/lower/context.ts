import { roundHalfEven, roundingOf } from '../../../engine/base/rounding.ts'
import type { Parameters } from '../../../engine/graph/graph.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { Backend } from '../backend.ts'
import type { ConstantArray, ProgramValue } from '../program.ts'
import type { Interval } from './fuse.ts'

/** What the lowering of a node between quantised tensors reads, and where it leaves constants. */
export interface StepContext {
  readonly backend: Backend
  /** By tensor name. */
  readonly values: Map<string, ProgramValue>
  readonly constants: Map<string, ConstantArray>
}

/** The same where layers have real weights, to be quantised. */
export interface LoweringContext extends StepContext {
  readonly weightBits: number
  readonly parameters: Parameters
  /** Of each layer, by node name. */
  readonly weightQuantisers: ReadonlyMap<string, Quantiser>
  /** The layers with codes of 16 bits, by node name. */
  readonly islands: ReadonlySet<string>
}

/** The value of a tensor. */
export function valueNamed(context: StepContext, name: string): ProgramValue {
  return context.values.get(name) as ProgramValue
}

/** Adds the value of a tensor that the graph does not have, made by a step between two of its nodes; returns it. */
export function addValue(context: StepContext, value: ProgramValue): ProgramValue {
  context.values.set(value.name, value)
  return value
}

/**
 * The codes that an interval of real numbers allows, each end rounded as the back end's `ClampRule` says, within the code range.
 * Example, 'round-then-add': [0, 6], s = 0.05, z = -128, int8: 6 / s = 120 steps, so low -128, high -8.
 */
export function codeBounds(
  { lo, hi }: Interval,
  { scale, zeroPoint, qmin, qmax }: ProgramValue,
  { clamp }: Backend,
): { low: number; high: number } {
  const round = clamp.kind === 'round-then-add' ? roundingOf(clamp.rounding) : roundHalfEven
  const code = (v: number): number => {
    const steps = Math.fround(v / scale)
    return clamp.kind === 'round-then-add' ? round(steps) + zeroPoint : round(Math.fround(steps + zeroPoint))
  }
  const bound = (v: number): number => Math.min(Math.max(code(v), qmin), qmax)
  return { low: bound(lo), high: bound(hi) }
}
