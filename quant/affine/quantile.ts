import { UsageError } from '../../engine/base/errors.ts'
import { log } from '../../engine/kernels/transcendental/log.ts'

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

// Ranges up to this long are partitioned without looking at a sample first.
const SHORT = 600

/**
 * Floyd and Rivest's selection (CACM 18, 1975, algorithm 489): reorders values[left ... right] so that position k holds
 * what sorting would put there, nothing greater before it and nothing smaller behind it; returns it. The pivot is itself
 * selected from a small sample, so that it lies next to the wanted value: for quantiles near an end nearly every element
 * is then on the same side of it, which a processor predicts.
 */
function select(values: Float32Array, k: number, left = 0, right = values.length - 1): number {
  while (left < right) {
    if (right - left > SHORT) {
      const n = right - left + 1
      const rank = k - left + 1
      const size = 0.5 * n ** (2 / 3)
      const spread = 0.5 * Math.sqrt((log(n) * size * (n - size)) / n) * Math.sign(rank - n / 2)
      const first = Math.max(left, Math.floor(k - (rank * size) / n + spread))
      const last = Math.min(right, Math.floor(k + ((n - rank) * size) / n + spread))
      gatherSample(values, left, right, first, last)
      select(values, k, first, last)
    }
    const pivot = values[k]
    let i = left
    let j = right
    while (i <= j) {
      while (values[i] < pivot) i++
      while (values[j] > pivot) j--
      if (i <= j) {
        swap(values, i, j)
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

/**
 * Swaps elements from all over values[left ... right] into its part first ... last: neighbours often resemble each other
 * (one channel of an image), and would make a poor sample.
 */
function gatherSample(values: Float32Array, left: number, right: number, first: number, last: number): void {
  const step = (right - left) / (last - first + 1)
  for (let i = first; i <= last; i++) swap(values, i, left + Math.floor((i - first) * step))
}

function swap(values: Float32Array, i: number, j: number): void {
  const kept = values[i]
  values[i] = values[j]
  values[j] = kept
}
