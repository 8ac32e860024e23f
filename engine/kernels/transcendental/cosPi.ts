/** cos(t) for |t| <= pi/4: Taylor series to t^14, absolute error below 1e-15. */
function cosSeries(t: number): number {
  const z = t * t
  let sum = -1 / 87178291200
  sum = sum * z + 1 / 479001600
  sum = sum * z - 1 / 3628800
  sum = sum * z + 1 / 40320
  sum = sum * z - 1 / 720
  sum = sum * z + 1 / 24
  sum = sum * z - 1 / 2
  return sum * z + 1
}

/** sin(t) for |t| <= pi/4: Taylor series to t^15, absolute error below 1e-15. */
function sinSeries(t: number): number {
  const z = t * t
  let sum = -1 / 1307674368000
  sum = sum * z + 1 / 6227020800
  sum = sum * z - 1 / 39916800
  sum = sum * z + 1 / 362880
  sum = sum * z - 1 / 5040
  sum = sum * z + 1 / 120
  sum = sum * z - 1 / 6
  return t * (1 + sum * z)
}

/**
 * cos(pi x) for x in [0, 1], double in and out, absolute error below 1e-15. Exact at 0, 1/2 and 1, and exactly
 * antisymmetric about 1/2 wherever 1 - x is exact.
 */
export function cosPi(x: number): number {
  if (x < 0.25) return cosSeries(Math.PI * x)
  if (x <= 0.75) return sinSeries(Math.PI * (0.5 - x))
  return -cosSeries(Math.PI * (1 - x))
}
