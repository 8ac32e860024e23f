/** Mirrors kernels/addChannelBias.ts; units are planes, of `channels` an image. `out` may be `x`. */
export function addChannelBias(
  x: usize,
  bias: usize,
  channels: i32,
  plane: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  for (let p = begin; p < end; p++) {
    const b = load<f32>(bias + ((<usize>(p % channels)) << 2))
    const v = f32x4.splat(b)
    let at = <usize>p * <usize>plane * 4
    const stop = at + ((<usize>plane) << 2)
    for (; at + 16 <= stop; at += 16) v128.store(out + at, f32x4.add(v128.load(x + at), v))
    for (; at < stop; at += 4) store<f32>(out + at, load<f32>(x + at) + b)
  }
}
