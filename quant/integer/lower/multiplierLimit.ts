import { NumericError } from '../../../engine/base/errors.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { MultiplierLimits } from '../backend.ts'
import { type FusedNode, isLayer } from './fuse.ts'

/**
 * Makes every multiplier s_in * s_w / s_out of a layer less than `below`: where it is not, the output's scale is raised, a little
 * above s_in * s_w / below, again and again until all hold, since it may be the input scale of another layer. Zero points stay, so
 * that nothing is clipped. `quantisers`, by group, is changed in place.
 * Example: s_in = 1, s_w = 0.5, s_out = 0.25, below 1: s_out becomes 0.5 (1 + 2^-20).
 * Throws `NumericError` where scales do not settle.
 */
export function limitMultipliers(
  nodes: readonly FusedNode[],
  groupOf: ReadonlyMap<string, string>,
  quantisers: Map<string, Quantiser>,
  weights: ReadonlyMap<string, Quantiser>,
  { below }: MultiplierLimits,
): void {
  const of = (tensor: string): Quantiser => quantisers.get(groupOf.get(tensor) as string) as Quantiser
  let changed = true
  for (let round = 0; changed; round++) {
    if (round > 64) throw new NumericError('lowering: output scales do not settle below the limit of the multipliers')
    changed = false
    for (const { node, output } of nodes) {
      if (!isLayer(node)) continue
      const largest = (weights.get(node.name) as Quantiser).scale.reduce((most, s) => Math.max(most, s), 0)
      const least = (of(node.inputs[0]).scale[0] * largest) / below
      const quantiser = of(output)
      if (quantiser.scale[0] > least) continue
      const scale = Float32Array.of(least * (1 + 2 ** -20))
      quantisers.set(groupOf.get(output) as string, { ...quantiser, scale })
      changed = true
    }
  }
}
