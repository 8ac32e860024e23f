import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { type Kernels, plainKernels } from '../../../engine/kernels/index.ts'
import * as binaries from '../../../engine/simd/binary.ts'
import type { SimdExports } from '../../../engine/simd/exports.ts'
import { bindKernels, simdKernels } from '../../../engine/simd/kernels.ts'
import type { SimdMemory } from '../../../engine/simd/memory.ts'
import { createSimdMemory } from '../../../engine/simd/simd.ts'
import { splittingBuilds } from './builds.ts'

/** One memory for all identity tests. */
export const memory = createSimdMemory({ bytes: 2 ** 28 }) as SimdMemory
const accelerated = simdKernels(memory)
const builds = await splittingBuilds<SimdExports>('engine/simd', memory, binaries)
const [splitting, unoptimised] = [bindKernels(builds.split), bindKernels(builds['-O0'])]

/** Values that find mistakes: ordinary ones, ties, zeros of both signs, subnormals, huge ones, infinities and NaN. */
export function adversarial(length: number, name: string, special = true): Float32Array {
  const random = new RandomStream(7, name)
  const odd = [
    0,
    -0,
    1,
    -1,
    0.5,
    1e-40,
    -1e-40,
    3e38,
    -3e38,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ]
  return Float32Array.from({ length }, () => {
    const pick = random.integer(64)
    return special && pick < odd.length ? odd[pick] : (random.uniform() * 2 - 1) * 2 ** (random.integer(12) - 6)
  })
}

/**
 * Runs `body` with the plain kernels, with the SIMD kernels, and with those split over ranges of units as compiled with
 * -O3 and with -O0, and compares what it returns bit for bit; NaNs are equal to each other.
 */
export function expectSameBits(name: string, body: (kernels: Kernels) => ArrayLike<number>[]): void {
  const wanted = body(plainKernels)
  expectSame(name, body(accelerated), wanted)
  expectSame(`${name}, split`, body(splitting), wanted)
  expectSame(`${name}, -O0`, body(unoptimised), wanted)
}

function expectSame(name: string, found: ArrayLike<number>[], wanted: ArrayLike<number>[]): void {
  assert.is(found.length, wanted.length)
  for (let k = 0; k < wanted.length; k++) {
    assert.is(found[k].length, wanted[k].length, `${name}: length of result ${k}`)
    for (let i = 0; i < wanted[k].length; i++) {
      if (!Object.is(found[k][i], wanted[k][i])) {
        assert.unreachable(`${name}: result ${k}, element ${i}: SIMD ${found[k][i]}, plain ${wanted[k][i]}`)
      }
    }
  }
}

/** Lengths around every vector width and tile. */
export const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 67, 127, 257]
