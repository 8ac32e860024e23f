import { NumericError } from '../../../engine/base/errors.ts'
import type { ExponentLimits } from '../backend.ts'
import type { FusedNode } from './fuse.ts'

/** The exponents of a graph's scales while they are being chosen; changed in place. */
export interface Exponents {
  /** Of each sharing group of activations. */
  readonly groups: Map<string, number>
  /** Of each layer's weights, by node name. */
  readonly weights: Map<string, number>
}

/**
 * Makes every right shift lie in [0, maximumShift]. The shift of a layer is e_out - (e_in + e_w), that of an addition
 * e_out - min(e_a, e_b). One below 0 asks for an output finer than the sum itself: the output's exponent is raised, again
 * and again until all hold, since a coarser output may be a coarser input elsewhere. Then a layer's shift above the limit
 * raises the exponent of its weights. Both changes coarsen a grid and clip nothing.
 * Example: e_in = -6, e_w = -7, e_out = -14: e_out becomes -13, shift 0. With e_out = 4: shift 17, e_w becomes -6.
 * Throws `NumericError` where no exponents satisfy the limits.
 */
export function limitExponents(
  nodes: readonly FusedNode[],
  groupOf: ReadonlyMap<string, string>,
  exponents: Exponents,
  { maximumShift }: ExponentLimits,
): void {
  const groupNamed = (tensor: string): string => groupOf.get(tensor) as string
  const of = (tensor: string): number => exponents.groups.get(groupNamed(tensor)) as number
  /** The exponent of what a node rounds, null for one that does not shift. */
  const sumExponent = ({ node }: FusedNode): number | null => {
    const weight = exponents.weights.get(node.name)
    if (weight !== undefined) return of(node.inputs[0]) + weight
    return node.op === 'Add' ? Math.min(of(node.inputs[0]), of(node.inputs[1])) : null
  }
  let changed = true
  for (let round = 0; changed; round++) {
    if (round > 64)
      throw new NumericError('lowering: power-of-two scales do not settle; some weights exceed their layer')
    changed = false
    for (const fused of nodes) {
      const sum = sumExponent(fused)
      if (sum === null || of(fused.output) >= sum) continue
      exponents.groups.set(groupNamed(fused.output), sum)
      changed = true
    }
  }
  for (const fused of nodes) {
    const sum = sumExponent(fused)
    if (sum === null) continue
    const excess = of(fused.output) - sum - maximumShift
    if (excess <= 0) continue
    const weight = exponents.weights.get(fused.node.name)
    if (weight === undefined) {
      throw new NumericError(
        `lowering: node '${fused.node.name}' (Add) needs a right shift of ${excess + maximumShift}, the limit is ${maximumShift}; its inputs are too fine for its output`,
      )
    }
    exponents.weights.set(fused.node.name, weight + excess)
  }
}
