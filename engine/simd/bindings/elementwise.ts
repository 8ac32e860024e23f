import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** What follows the arrays of a call: a constant, or a table of constants that the function reads. */
type Constant = number | Uint8Array

/**
 * Calls of element-wise functions of one input, and of their gradients, which take x (or the forward result) and
 * gradOut. Constants follow the arrays; `cost` is the number of scalar operations an element takes.
 */
export function elementwise({ memory, dispatch }: Simd<SimdExports>) {
  const stage = (constant: Constant): number => (typeof constant === 'number' ? constant : memory.input(constant))
  return {
    forward(name: keyof SimdExports, cost: number, x: Float32Array, out: Float32Array, ...constants: Constant[]): void {
      memory.beginCall()
      const args = [memory.input(x), memory.output(out), ...constants.map(stage)]
      dispatch(name, out.length, cost * out.length, args)
      memory.endCall()
    },
    gradient(
      name: keyof SimdExports,
      cost: number,
      x: Float32Array,
      gradOut: Float32Array,
      gradX: Float32Array,
      ...constants: Constant[]
    ): void {
      memory.beginCall()
      const args = [memory.input(x), memory.input(gradOut), memory.output(gradX), ...constants.map(stage)]
      dispatch(name, gradX.length, cost * gradX.length, args)
      memory.endCall()
    },
  }
}
