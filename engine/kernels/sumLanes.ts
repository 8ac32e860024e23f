/**
 * The standard reduction over contiguous data, which every sum over a row or a plane uses.
 *
 * Sixteen float32 partial sums ("lanes") start at +0. Element i of a contiguous run is added to lane i mod 16, ascending.
 * Where a reduction spans several runs (the planes of a channel), the lanes persist from run to run and i starts again
 * at 0 in each. At the end lane i takes lane i + 8 (i < 8), then i + 4 (i < 4), then i + 2, then i + 1; the sum is lane
 * 0. Every addition is rounded to float32.
 *
 * In f32x4 SIMD these are four vector accumulators, a loop over 16 elements, and a tail: the fold is acc0 += acc2,
 * acc1 += acc3, acc0 += acc1, then the halves and the pair within a vector. A tail may be padded with +0, for a lane is
 * never -0: it starts at +0, and a sum rounds to -0 only if both its terms are -0.
 *
 * Terms that are computed and not stored (squares, products) are rounded to float32 first and added in the same order.
 */

const f32 = Math.fround

/** The number of partial sums. */
export const LANES = 16

/** Adds the `length` elements of `x` from `offset` on to `lanes`: element i to lane i mod 16. */
export function addRun(lanes: Float32Array, x: Float32Array, offset: number, length: number): void {
  const end = offset + length
  let i = offset
  // Written out: a loop over the lanes takes three times as long.
  for (; i + LANES <= end; i += LANES) {
    lanes[0] += x[i]
    lanes[1] += x[i + 1]
    lanes[2] += x[i + 2]
    lanes[3] += x[i + 3]
    lanes[4] += x[i + 4]
    lanes[5] += x[i + 5]
    lanes[6] += x[i + 6]
    lanes[7] += x[i + 7]
    lanes[8] += x[i + 8]
    lanes[9] += x[i + 9]
    lanes[10] += x[i + 10]
    lanes[11] += x[i + 11]
    lanes[12] += x[i + 12]
    lanes[13] += x[i + 13]
    lanes[14] += x[i + 14]
    lanes[15] += x[i + 15]
  }
  for (let lane = 0; i < end; i++, lane++) lanes[lane] += x[i]
}

/** Adds (x[i] - centre)^2 over a run to `lanes`; difference and square are rounded to float32 each. */
export function addSquares(lanes: Float32Array, x: Float32Array, offset: number, length: number, centre: number): void {
  for (let i = 0; i < length; i++) {
    const difference = f32(x[offset + i] - centre)
    lanes[i % LANES] += f32(difference * difference)
  }
}

/** Adds (x[i] - centre) * y[i] over the same run of both to `lanes`; difference and product are rounded to float32 each. */
export function addProducts(
  lanes: Float32Array,
  x: Float32Array,
  y: Float32Array,
  offset: number,
  length: number,
  centre: number,
): void {
  for (let i = offset; i < offset + length; i++) {
    lanes[(i - offset) % LANES] += f32(f32(x[i] - centre) * y[i])
  }
}

/** The sum of the 16 lanes by the halving tree. Leaves `lanes` at +0, ready for the next reduction. */
export function foldLanes(lanes: Float32Array): number {
  for (let half = LANES / 2; half >= 1; half /= 2) {
    for (let lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half]
  }
  const sum = lanes[0]
  lanes.fill(0)
  return sum
}

// Scratch of sumRun, all +0 between calls: the sum of a row must not allocate.
const scratch = new Float32Array(LANES)

/** The float32 sum of the `length` elements of `x` from `offset` on. +0 for an empty run. */
export function sumRun(x: Float32Array, offset: number, length: number): number {
  addRun(scratch, x, offset, length)
  return foldLanes(scratch)
}

/**
 * The float32 sum of `extent` elements of `x`, `stride` apart, from `offset` on: the standard reduction where they are
 * contiguous (stride 1), otherwise ascending into one accumulator that starts at +0.
 */
export function sumLine(x: Float32Array, offset: number, extent: number, stride: number): number {
  if (stride === 1) return sumRun(x, offset, extent)
  let sum = 0
  for (let i = 0; i < extent; i++) sum = f32(sum + x[offset + i * stride])
  return sum
}

/**
 * out[channel] = the sum over the `n` planes of a channel of x `[n, c, p]`: the lanes persist over the planes, taken in
 * ascending order, each plane being one run of `p` elements.
 */
export function channelSum(x: Float32Array, out: Float32Array, n: number, c: number, p: number): void {
  const lanes = new Float32Array(LANES)
  for (let channel = 0; channel < c; channel++) {
    for (let plane = 0; plane < n; plane++) addRun(lanes, x, (plane * c + channel) * p, p)
    out[channel] = foldLanes(lanes)
  }
}
