import * as assert from 'uvu/assert'

/** Asserts |actual - expected| <= atol + rtol |expected| element by element; NaN and infinities must match exactly. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  label = 'values',
  { rtol = 1e-6, atol = 1e-6 } = {},
): void {
  assert.is(actual.length, expected.length, `${label}: ${actual.length} elements, wanted ${expected.length}`)
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]
    const b = expected[i]
    const near = Object.is(a, b) || Math.abs(a - b) <= atol + rtol * Math.abs(b)
    // An infinity is within any relative tolerance of another; only the same one counts.
    const same = Number.isFinite(a) && Number.isFinite(b) ? near : a === b || (Number.isNaN(a) && Number.isNaN(b))
    assert.ok(same, `${label}, element ${i}: got ${a}, wanted ${b}`)
  }
}

/** `length` doubles that are exact in float32, uniform in [-range, range), from a stream that `next` draws on. */
export function uniformArray(next: () => number, length: number, range = 1): Float32Array {
  return Float32Array.from({ length }, () => (next() * 2 - 1) * range)
}
