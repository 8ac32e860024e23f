import * as assert from 'uvu/assert'
import { attachSimd, createSimdMemory, type Simd } from '../../../../engine/simd/simd.ts'
import type { IntegerKernels } from '../../../../quant/integer/kernels/index.ts'
import * as binaries from '../../../../quant/integer/simd/binary.ts'
import { bindInteger } from '../../../../quant/integer/simd/bindings.ts'
import type { IntegerExports } from '../../../../quant/integer/simd/exports.ts'
import { splittingBuilds } from '../../../engine/simd/builds.ts'

const memory = createSimdMemory({ bytes: 2 ** 27 })
if (memory === null) throw new Error('no memory for SIMD')

/**
 * The functions of the integer module, by build: as a session calls them, and with calls split over ranges of units, as
 * compiled with -O3 and with -O0.
 */
export const builds: Readonly<Record<string, Simd<IntegerExports>>> = {
  SIMD: attachSimd<IntegerExports>(memory, binaries) as Simd<IntegerExports>,
  ...(await splittingBuilds<IntegerExports>('quant/integer/simd', memory, binaries)),
}

/** The integer kernels that call them. */
export const accelerated: readonly (readonly [string, IntegerKernels])[] = Object.entries(builds).map(
  ([name, simd]) => [name, bindInteger(simd)] as const,
)

/** Fails at the first element that differs; NaN equals NaN, 0 does not equal -0. */
export function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.is(found.length, wanted.length, what)
  for (let i = 0; i < wanted.length; i++) {
    if (!Object.is(found[i], wanted[i]))
      assert.unreachable(`${what}: element ${i}: found ${found[i]}, wanted ${wanted[i]}`)
  }
}
