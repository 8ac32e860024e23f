import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import { attachSimd, createSimdMemory, type Simd } from '../../../../engine/simd/simd.ts'
import type { IntegerKernels } from '../../../../quant/integer/kernels/index.ts'
import * as binaries from '../../../../quant/integer/simd/binary.ts'
import { bindInteger } from '../../../../quant/integer/simd/bindings.ts'
import type { IntegerExports } from '../../../../quant/integer/simd/exports.ts'

const memory = createSimdMemory({ bytes: 2 ** 27 })
if (memory === null) throw new Error('no memory for SIMD')

/** The functions of the integer module. */
export const simd = attachSimd<IntegerExports>(memory, binaries) as Simd<IntegerExports>

/** The integer kernels that call them. */
export const accelerated: IntegerKernels = bindInteger(simd)

/** int32 numbers of every size, extremes first. */
export function sums(count: number, name: string): Int32Array {
  const random = new RandomStream(11, name)
  const extremes = [0, 1, -1, 2147483647, -2147483648, 2147483646, -2147483647, 1073741824, -1073741824]
  return Int32Array.from({ length: count }, (_, i) =>
    i < extremes.length ? extremes[i] : (random.uint32() | 0) >> random.integer(31),
  )
}

/** Fails at the first element that differs. */
export function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.is(found.length, wanted.length, what)
  for (let i = 0; i < wanted.length; i++) {
    if (found[i] !== wanted[i]) assert.unreachable(`${what}: element ${i}: SIMD ${found[i]}, plain ${wanted[i]}`)
  }
}
