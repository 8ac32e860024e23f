import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { duration, percent, points, table } from '../../cli/terminal.ts'

const test = suite('terminal')

test('numbers as people read them', () => {
  assert.is(percent(0.98765), '98.77')
  assert.is(points(-0.0123), '-1.23')
  assert.is(points(0.0123), '+1.23')
  assert.is(points(-0.00001), '0.00', 'no negative zero')
  assert.is(duration(4.21), '4.2 s')
  assert.is(duration(185), '3 min 05 s')
  assert.is(duration(59.97), '60.0 s')
})

test('a table aligns its columns and rules off head and foot', () => {
  assert.is(
    table(
      ['name', 'n'],
      [
        ['a', '1'],
        ['long name', '10'],
        ['sum', '11'],
      ],
      1,
    ),
    ['name        n', '---------  --', 'a           1', 'long name  10', '---------  --', 'sum        11'].join('\n'),
  )
})

test.run()
