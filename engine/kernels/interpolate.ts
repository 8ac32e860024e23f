/** Where the results of a linear interpolation along one axis lie: between two neighbours, or on one. */
export interface InterpolationTable {
  /** For each result the neighbours' indices, equal at the ends of the axis. */
  readonly low: Int32Array
  readonly high: Int32Array
  /** Their weights. */
  readonly lowWeights: Float32Array
  readonly highWeights: Float32Array
}

/**
 * out `[outer, results, inner]` = the lines of x `[outer, extent, inner]` interpolated along its middle axis: low times its
 * weight plus high times its weight, each product and the sum rounded.
 */
export function interpolate(
  x: Float32Array,
  table: InterpolationTable,
  outer: number,
  extent: number,
  inner: number,
  out: Float32Array,
): void {
  const { low, high, lowWeights, highWeights } = table
  let to = 0
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < low.length; k++) {
      const first = (i * extent + low[k]) * inner
      const second = (i * extent + high[k]) * inner
      const p = lowWeights[k]
      const q = highWeights[k]
      for (let j = 0; j < inner; j++) out[to++] = Math.fround(x[first + j] * p) + Math.fround(x[second + j] * q)
    }
  }
}

/**
 * The gradient of `interpolate`: each gradient times low's weight is added to the low line of gradX `[outer, extent,
 * inner]`, then times high's weight to the high one; one f32 accumulator an element from +0, results ascending.
 */
export function interpolateGrad(
  gradOut: Float32Array,
  table: InterpolationTable,
  outer: number,
  extent: number,
  inner: number,
  gradX: Float32Array,
): void {
  const { low, high, lowWeights, highWeights } = table
  gradX.fill(0)
  let from = 0
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < low.length; k++) {
      const first = (i * extent + low[k]) * inner
      const second = (i * extent + high[k]) * inner
      const p = lowWeights[k]
      const q = highWeights[k]
      for (let j = 0; j < inner; j++) {
        const gradient = gradOut[from++]
        gradX[first + j] += Math.fround(gradient * p)
        gradX[second + j] += Math.fround(gradient * q)
      }
    }
  }
}
