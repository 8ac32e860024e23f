import * as assert from 'uvu/assert'
import type { RandomStream } from '../../../engine/base/random.ts'

/** Fails unless both hold the same bits: -0 is not +0. */
export function sameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.is(actual.length, expected.length, `${what}: length`)
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Object.is(actual[i], expected[i]), `${what}: element ${i} is ${actual[i]}, wanted ${expected[i]}`)
  }
}

/** Values of both signs over twelve powers of two, so that another order of summation shows in the bits. */
export function spread(random: RandomStream, length: number): Float32Array {
  return Float32Array.from({ length }, () => (random.uniform() * 2 - 1) * 2 ** (random.integer(12) - 6))
}

/** An integer uniform in [from, to]. */
export function between(random: RandomStream, from: number, to: number): number {
  return from + random.integer(to - from + 1)
}
