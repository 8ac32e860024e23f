/** The ends of runs whose length is not a multiple of four: nothing is read or written beyond them. */

/** The first `count` elements at `at`, at most 4, then zeros. */
export function loadPart(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at)
  if (count === 1) return v128.load_zero<f32>(at)
  const pair = v128.load_zero<f64>(at)
  return count === 2 ? pair : v128.load_lane<f32>(at + 8, pair, 2)
}

/** Stores the first `count` lanes of `x`, at most 4. */
export function storePart(at: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, x)
    return
  }
  if (count === 1) {
    v128.store_lane<f32>(at, x, 0)
    return
  }
  v128.store_lane<f64>(at, x, 0)
  if (count === 3) v128.store_lane<f32>(at + 8, x, 2)
}

/** The first `count` lanes of `x`, then zeros. */
export function keepPart(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)))
}
