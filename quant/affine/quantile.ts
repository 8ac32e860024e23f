import { UsageError } from '../../engine/base/errors.ts'

/**
 * The quantile at p of finite values, as NumPy and PyTorch define it by default: with the values sorted and
 * h = p (n - 1), the value at floor(h) plus (h - floor(h)) times the step to the next; computed in double, rounded once
 * to f32. Exact: it selects, it does not sort; `values` is left in another order. O(n).
 * Example: [3, 1, 2, 10] at 0.5: h = 1.5, 2 + 0.5 (3 - 2) = 2.5.
 * Throws `UsageError` for no values or p outside [0, 1]. NaN must have been refused before.
 */
export function quantileOf(values: Float32Array, p: number): number {
  const n = values.length
  if (n === 0) throw new UsageError('quantile: no values; there must be at least one')
  if (!(p >= 0 && p <= 1)) throw new UsageError(`quantile: p = ${p}; wanted a number in [0, 1]`)
  const h = p * (n - 1)
  const k = Math.floor(h)
  const below = select(values, k)
  if (h === k) return below
  // All that is at least the k-th value now lies behind it: the next one is their least.
  let above = values[k + 1]
  for (let i = k + 2; i < n; i++) if (values[i] < above) above = values[i]
  return Math.fround(below + (h - k) * (above - below))
}

/**
 * Hoare's selection: reorders `values` so that position k holds what sorting would put there, nothing greater before it
 * and nothing smaller behind it; returns it. The pivot is the median of the first, middle and last.
 */
function select(values: Float32Array, k: number): number {
  let left = 0
  let right = values.length - 1
  while (left < right) {
    const a = values[left]
    const b = values[(left + right) >>> 1]
    const c = values[right]
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
    let i = left
    let j = right
    while (i <= j) {
      while (values[i] < pivot) i++
      while (values[j] > pivot) j--
      if (i <= j) {
        const kept = values[i]
        values[i] = values[j]
        values[j] = kept
        i++
        j--
      }
    }
    if (k <= j) right = j
    else if (k >= i) left = i
    else break
  }
  return values[k]
}
