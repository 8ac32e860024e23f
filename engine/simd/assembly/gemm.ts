/**
 * The end of kernels/gemm.ts, from the product on: out[i, j] = alpha * product[i, j] + beta * c[i * cRow + j * cColumn],
 * each rounded; with `c` 0 only the factor. Units are rows of `n`.
 */
export function gemmFinish(
  c: usize,
  n: i32,
  alpha: f32,
  beta: f32,
  cRow: i32,
  cColumn: i32,
  product: usize,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const alphas = f32x4.splat(alpha)
  const betas = f32x4.splat(beta)
  const step = (<usize>cColumn) << 2
  for (let i = begin; i < end; i++) {
    let at = product + <usize>i * <usize>n * 4
    let to = out + <usize>i * <usize>n * 4
    const stop = at + ((<usize>n) << 2)
    if (!c) {
      for (; at + 16 <= stop; at += 16, to += 16) v128.store(to, f32x4.mul(alphas, v128.load(at)))
      for (; at < stop; at += 4, to += 4) store<f32>(to, alpha * load<f32>(at))
      continue
    }
    let from = c + <usize>i * <usize>cRow * 4
    if (cColumn < 2) {
      for (; at + 16 <= stop; at += 16, to += 16, from += 4 * step) {
        const v = cColumn ? v128.load(from) : v128.load32_splat(from)
        v128.store(to, f32x4.add(f32x4.mul(alphas, v128.load(at)), f32x4.mul(betas, v)))
      }
    }
    for (; at < stop; at += 4, to += 4, from += step) {
      store<f32>(to, alpha * load<f32>(at) + beta * load<f32>(from))
    }
  }
}
