import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { roundHalfAway, roundHalfEven, roundHalfUp, roundingOf } from '../../../engine/base/rounding.ts'

const test = suite('rounding')

// Ties, their neighbours, and the value that floor(x + 1/2) gets wrong; the columns were written by hand.
const below = 0.49999999999999994
const cases: [x: number, even: number, away: number, up: number][] = [
  [0, 0, 0, 0],
  [0.5, 0, 1, 1],
  [-0.5, 0, -1, 0],
  [1.5, 2, 2, 2],
  [-1.5, -2, -2, -1],
  [2.5, 2, 3, 3],
  [-2.5, -2, -3, -2],
  [below, 0, 0, 0],
  [-below, 0, 0, 0],
  [0.5000000000000001, 1, 1, 1],
  [-127.5, -128, -128, -127],
  [-128.5, -128, -129, -128],
  [8388609.5, 8388610, 8388610, 8388610],
  [-(2 ** 50) - 0.5, -(2 ** 50), -(2 ** 50) - 1, -(2 ** 50)],
]

for (const [x, even, away, up] of cases) {
  test(`${x}`, () => {
    // `+ 0` turns -0 into 0: the sign of a zero result is not defined.
    assert.is(roundHalfEven(x) + 0, even, 'half even')
    assert.is(roundHalfAway(x) + 0, away, 'half away')
    assert.is(roundHalfUp(x) + 0, up, 'half up')
  })
}

test('each mode names its function', () => {
  assert.is(roundingOf('half-even')(2.5), 2)
  assert.is(roundingOf('half-away')(-2.5), -3)
  assert.is(roundingOf('half-up')(-2.5), -2)
  assert.is(roundingOf('floor')(-2.1), -3)
})

test.run()
