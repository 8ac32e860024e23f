/** What pooling kernels share: inner windows of a row are those that horizontally lie within the picture. */

/** The first inner window. */
export function firstInner(outWidth: i32, strideWidth: i32, padLeft: i32): i32 {
  return min<i32>((padLeft + strideWidth - 1) / strideWidth, outWidth)
}

/** The first window after the inner ones, whose last tap is `spread` columns after the first. */
export function lastInner(width: i32, outWidth: i32, spread: i32, strideWidth: i32, padLeft: i32): i32 {
  const room = width - 1 - spread + padLeft
  return room < 0 ? 0 : min<i32>(room / strideWidth + 1, outWidth)
}

/** `count` float32 values, 1 to 4, that lie `step` elements apart; nothing behind the last is read. */
export function loadApart(at: usize, step: i32, count: i32): v128 {
  if (count === 4) {
    if (step === 1) return v128.load(at)
    if (step === 2) return v128.shuffle<f32>(v128.load(at), v128.load(at, 12), 0, 2, 5, 7)
  }
  const apart = (<usize>step) << 2
  let values = v128.load_splat<f32>(at)
  if (count > 1) values = v128.load_lane<f32>(at + apart, values, 1)
  if (count > 2) values = v128.load_lane<f32>(at + 2 * apart, values, 2)
  return count > 3 ? v128.load_lane<f32>(at + 3 * apart, values, 3) : values
}
