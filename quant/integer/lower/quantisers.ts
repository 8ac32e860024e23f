import { UsageError } from '../../../engine/base/errors.ts'
import { type Quantiser, quantiserFromRange, type ValueRange } from '../../affine/quantiser.ts'
import { codeRange } from '../../affine/scheme.ts'
import type { Backend } from '../backend.ts'
import { type Exponents, limitExponents } from './exponents.ts'
import type { FusedNode } from './fuse.ts'
import { limitMultipliers } from './multiplierLimit.ts'
import { exponentOf } from './power.ts'
import { groupRanges, sharingGroups } from './sharing.ts'

/** The quantisers of a lowered graph. */
export interface ChosenQuantisers {
  /** Of each tensor between steps, by name. */
  readonly tensors: ReadonlyMap<string, Quantiser>
  /** Of each layer's weights, by node name. */
  readonly weights: ReadonlyMap<string, Quantiser>
}

/** The quantisers that the back end prescribes, by the group of the tensor they are of. */
function fixedQuantisers(
  nodes: readonly FusedNode[],
  groups: ReadonlyMap<string, string>,
  backend: Backend,
): Map<string, Quantiser> {
  const found = new Map<string, Quantiser>()
  for (const { node, output } of nodes) {
    const fixed = backend.fixedOutputs?.[node.op]
    if (fixed === undefined) continue
    const { qmin, qmax } = codeRange(backend.activations)
    const scale = Float32Array.of(fixed.scale)
    const zeroPoint = Int32Array.of(fixed.zeroPoint)
    found.set(groups.get(output) as string, { scale, zeroPoint, qmin, qmax, axis: null })
  }
  return found
}

/**
 * Chooses the quantiser of each of `tensors` from the calibrated ranges: those that share one get it from their joint range. `nodes` are
 * those that are computed on codes. On a power-of-two back end, exponents (of weights too) are then adjusted to its shift limits; where
 * multipliers are limited, output scales.
 */
export function chooseQuantisers(
  tensors: readonly string[],
  nodes: readonly FusedNode[],
  observed: ReadonlyMap<string, ValueRange>,
  weights: ReadonlyMap<string, Quantiser>,
  backend: Backend,
): ChosenQuantisers {
  const groups = sharingGroups(tensors, nodes, backend)
  const limits = backend.exponents
  const quantisers = new Map<string, Quantiser>()
  const ranges = groupRanges(groups, observed)
  const quantiserOf = (group: string, exponent?: number): Quantiser => {
    const range = ranges.get(group)
    if (range === undefined) throw new UsageError(`lowering: tensor '${group}' was not calibrated`)
    return quantiserFromRange(range.lo, range.hi, backend.activations, {
      minimumRange: backend.minimumRange,
      minimumExponent: limits?.minimum,
      exponent,
    })
  }
  const fixed = fixedQuantisers(nodes, groups, backend)
  for (const group of new Set(groups.values())) quantisers.set(group, fixed.get(group) ?? quantiserOf(group))

  let layerWeights = weights
  if (limits !== undefined) {
    const exponentsOf = (from: ReadonlyMap<string, Quantiser>): Map<string, number> =>
      new Map([...from].map(([name, { scale }]) => [name, exponentOf(scale[0])]))
    const exponents: Exponents = { groups: exponentsOf(quantisers), weights: exponentsOf(weights) }
    limitExponents(nodes, groups, exponents, limits)
    for (const [group, exponent] of exponents.groups) quantisers.set(group, quantiserOf(group, exponent))
    layerWeights = new Map(
      [...weights].map(([name, quantiser]) => {
        const scale = Float32Array.of(2 ** (exponents.weights.get(name) as number))
        return [name, { ...quantiser, scale }]
      }),
    )
  }
  if (backend.multipliers !== undefined) limitMultipliers(nodes, groups, quantisers, layerWeights, backend.multipliers)
  const chosen = new Map([...groups].map(([name, group]) => [name, quantisers.get(group) as Quantiser]))
  return { tensors: chosen, weights: layerWeights }
}
