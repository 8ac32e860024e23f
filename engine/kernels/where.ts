import type { TypedArray } from '../base/dtype.ts'

/** out[i] = a[i] where condition[i] is not 0, b[i] elsewhere. Bits are copied. `out` may be `a` or `b`. */
export function where<T extends TypedArray>(condition: Uint8Array, a: T, b: T, out: T): void {
  for (let i = 0; i < out.length; i++) out[i] = condition[i] === 0 ? b[i] : a[i]
}

/** The gradient of one branch: gradOut[i] where `condition[i] is not 0` equals `branch` (1: a, 0: b), 0 elsewhere. */
export function whereGrad(condition: Uint8Array, gradOut: Float32Array, branch: number, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = (condition[i] === 0) === (branch === 0) ? gradOut[i] : 0
}
