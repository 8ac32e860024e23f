import type { BroadcastLayout } from '../../kernels/broadcast.ts'
import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { elementwise } from './elementwise.ts'

/** Element-wise arithmetic; units are elements. */
export function bindArithmetic(simd: Simd<SimdExports>) {
  const { memory, dispatch } = simd
  const { forward } = elementwise(simd)

  function broadcast(
    name: 'addBroadcast' | 'divBroadcast' | 'mulBroadcast' | 'subBroadcast',
    a: Float32Array,
    b: Float32Array,
    { extents, aStrides, bStrides }: BroadcastLayout,
    out: Float32Array,
  ): void {
    if (out.length === 0) return
    memory.beginCall()
    const layout = memory.input(Int32Array.of(extents.length, ...extents, ...aStrides, ...bStrides))
    const args = [memory.input(a), memory.input(b), memory.output(out), layout]
    dispatch(name, out.length, out.length, args)
    memory.endCall()
  }

  return {
    add(a, b, out) {
      memory.beginCall()
      dispatch('add', out.length, out.length, [memory.input(a), memory.input(b), memory.output(out)])
      memory.endCall()
    },
    addBroadcast(a, b, layout, out) {
      broadcast('addBroadcast', a, b, layout, out)
    },
    divBroadcast(a, b, layout, out) {
      broadcast('divBroadcast', a, b, layout, out)
    },
    divideBy(x, out, divisor) {
      forward('divideBy', 1, x, out, divisor)
    },
    mulBroadcast(a, b, layout, out) {
      broadcast('mulBroadcast', a, b, layout, out)
    },
    subBroadcast(a, b, layout, out) {
      broadcast('subBroadcast', a, b, layout, out)
    },
  } satisfies Partial<Kernels>
}
