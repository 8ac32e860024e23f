/**
 * Mirrors engine/base/rounding.ts on four float32 values; the mode is 0 half-even, 1 half-away, 2 half-up, 3 floor. What
 * is rounded to float32 on the way is exact, or on the same side of 1/2 as the exact value.
 */
export function round(x: v128, mode: i32): v128 {
  if (mode === 0) return f32x4.nearest(x)
  const half = f32x4.splat(0.5)
  const one = f32x4.splat(1)
  if (mode === 1) {
    const t = f32x4.trunc(x)
    const unit = v128.or(v128.and(x, f32x4.splat(-0.0)), one)
    return f32x4.add(t, v128.and(unit, f32x4.ge(f32x4.abs(f32x4.sub(x, t)), half)))
  }
  const f = f32x4.floor(x)
  return mode === 2 ? f32x4.add(f, v128.and(one, f32x4.ge(f32x4.sub(x, f), half))) : f
}
