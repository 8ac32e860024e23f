/** The index, within the `length` values from `start`, of the largest; the lowest index of equal ones. */
export function argmax(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0
  for (let k = 1; k < length; k++) if (values[start + k] > values[start + best]) best = k
  return best
}
