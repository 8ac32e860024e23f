import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bytes, count, decibels, listed, percent, plural, points, signed, significant } from '../../report/format.ts'
import { groupBy, mean, median, smallest } from '../../report/statistics.ts'

const test = suite('report: numbers in words')

test('fractions, points, decibels', () => {
  assert.is(percent(0.98765), '98.77')
  assert.is(points(-0.0123), '-1.23')
  assert.is(points(-0.00001), '0.00', 'no negative zero')
  assert.is(signed(2.5, 1), '+2.5')
  assert.is(signed(-0.04, 1), '0.0')
  assert.is(decibels(12.34), '12.3')
  assert.is(decibels(Number.POSITIVE_INFINITY), 'equal')
  assert.is(decibels(null), 'equal', 'as JSON has infinity')
  assert.is(decibels(Number.NEGATIVE_INFINITY), '-Infinity')
})

test('three digits', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [0.012345, '0.0123'],
    [123456, '123000'],
    [-1.5, '-1.5'],
    [1.2345e-7, '1.23e-7'],
    [6.54321e9, '6.54e+9'],
    [Number.NaN, 'NaN'],
  ]
  for (const [value, wanted] of cases) assert.is(significant(value), wanted)
})

test('counts and bytes', () => {
  assert.is(count(7), '7')
  assert.is(count(1234567), '1\u202f234\u202f567')
  assert.is(count(123456), '123\u202f456')
  assert.is(bytes(1023), '1023 B')
  assert.is(bytes(1536), '1.5 KiB')
  assert.is(bytes(3 * 1024 ** 3), '3.0 GiB')
  assert.is(plural(1, 'layer'), '1 layer')
  assert.is(plural(0, 'layer'), '0 layers')
})

test('lists in a sentence', () => {
  assert.is(listed([]), '')
  assert.is(listed(['a']), 'a')
  assert.is(listed(['a', 'b']), 'a and b')
  assert.is(listed(['a', 'b', 'c']), 'a, b and c')
})

test('mean, median, smallest, groups', () => {
  assert.is(mean([1, 2, 6]), 3)
  assert.ok(Number.isNaN(mean([])))
  assert.is(median([4, 1, 2]), 2)
  assert.is(median([10, 9, 1, 2]), 5.5)
  assert.is(
    smallest(['ccc', 'a', 'b'], (word) => word.length),
    'a',
  )
  assert.is(
    smallest([], () => 0),
    undefined,
  )
  assert.equal(
    [...groupBy([3, 1, 2, 5], (n) => (n % 2 === 0 ? 'even' : 'odd'))],
    [
      ['odd', [3, 1, 5]],
      ['even', [2]],
    ],
  )
})

test.run()
