import { loadDoubles, storeDoubles } from './doubles'
import { sigmoid as sigmoidOf } from './transcendental/sigmoid'

/** Mirrors kernels/swish.ts, alpha being a float32; units are elements. */
export function swish(x: usize, out: usize, alpha: f64, table: usize, begin: i32, end: i32): void {
  const alphas = f64x2.splat(alpha)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const v = loadDoubles(x + at, count)
    storeDoubles(out + at, f64x2.mul(v, sigmoidOf(f64x2.mul(alphas, v), table)), count)
  }
}

/** Mirrors swishGrad of kernels/swish.ts, alpha being a float32; units are elements. */
export function swishGrad(
  x: usize,
  gradOut: usize,
  gradX: usize,
  alpha: f64,
  table: usize,
  begin: i32,
  end: i32,
): void {
  const alphas = f64x2.splat(alpha)
  const one = v128.load_splat<f64>(table, 112)
  for (let i = begin; i < end; i += 2) {
    const at = (<usize>i) << 2
    const count = min<i32>(end - i, 2)
    const ax = f64x2.mul(alphas, loadDoubles(x + at, count))
    const s = sigmoidOf(ax, table)
    const slope = f64x2.mul(s, f64x2.add(one, f64x2.mul(ax, f64x2.sub(one, s))))
    storeDoubles(gradX + at, f64x2.mul(loadDoubles(gradOut + at, count), slope), count)
  }
}
