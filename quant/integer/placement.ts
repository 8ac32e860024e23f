import type { TypedArray } from '../../engine/base/dtype.ts'

/** An array of a plan. */
export type PlanArray = TypedArray | Float64Array

/** Moves an array to where kernels reach it at once; returns the array there. */
export type Place = <A extends PlanArray>(array: A) => A

/**
 * A copy of a plain object whose typed arrays, nested ones included, are replaced by what `place` returns for them.
 * Example: { weights: Int16Array [1], target: { low: 0 } } with a place that copies: the same with a copy of the weights.
 */
export function placeArrays<T extends object>(plan: T, place: Place): T {
  const entries = Object.entries(plan).map(([key, value]: [string, unknown]) => {
    if (ArrayBuffer.isView(value)) return [key, place(value as PlanArray)]
    return [
      key,
      typeof value === 'object' && value !== null && !Array.isArray(value) ? placeArrays(value, place) : value,
    ]
  })
  return Object.fromEntries(entries) as T
}
