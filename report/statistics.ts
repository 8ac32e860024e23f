/** What captions and charts say about a set of numbers: plain sums in ascending order, in double. */

/** The mean; NaN for none. Example: [1, 2, 6] gives 3. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The middle, or the mean of the two in the middle; NaN for none. Example: [4, 1, 2] gives 2. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** The item with the smallest value, the first of equals; undefined for none. */
export function smallest<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  return items.length === 0 ? undefined : items.reduce((lowest, item) => (value(item) < value(lowest) ? item : lowest))
}

/** The items by key, in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

/** The different values, in order of first appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
