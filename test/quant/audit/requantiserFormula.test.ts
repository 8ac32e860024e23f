import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { requantiserFormula } from '../../../quant/audit/formulas.ts'
import { type Requantiser, requantiserKinds } from '../../../quant/integer/requantise/requantiser.ts'
import { definitionOf } from '../integer/definitions.ts'
import { divideHalfAway, double, limited, nearestEven, single } from '../integer/oracle.ts'

const test = suite('formulas of requantisers')

/** The symbols of the formulas as the legend explains them. */
const symbols = {
  S: (x: number, m: number, e: number) => Number(single(x, m, e)),
  D: (x: number, m: number, e: number) => Number(double(x, m, e)),
  N: (x: number, m: number, e: number) =>
    Math.floor(Number((BigInt(x) * BigInt(2 ** Math.max(e, 0) * m) + (1n << 30n)) >> 31n) * 2 ** Math.min(e, 0) + 0.5),
  RHU: (v: number) => Math.floor(v + 0.5),
  RHA: (v: number) => Number(divideHalfAway(BigInt(v * 2 ** 20), 20)),
  RNE: (v: number) => Number(nearestEven(v)),
  f32: Math.fround,
  clamp: (v: number, low: number, high: number) => Math.min(Math.max(v, low), high),
}

const cases: readonly (readonly [Requantiser, string])[] = [
  [{ kind: 'q31-single', multiplier: [3 * 2 ** 29], shift: [-9] }, 'clamp(S(acc, 1610612736, -9) + 3, -128, 127)'],
  [{ kind: 'q31-double', multiplier: [3 * 2 ** 29], shift: [-9] }, 'clamp(D(acc, 1610612736, -9) + 3, -128, 127)'],
  [{ kind: 'q31-vector', multiplier: [3 * 2 ** 29], shift: [-9] }, 'clamp(N(acc, 1610612736, -9) + 3, -128, 127)'],
  [{ kind: 'rndnu', multiplier: [3 * 2 ** 22], shift: [33] }, 'clamp(RHU(acc * 12582912 / 2^33) + 3, -128, 127)'],
  [{ kind: 'shift-half-up', shift: [10] }, 'clamp(RHU(acc / 2^10) + 3, -128, 127)'],
  [{ kind: 'f64-half-away', scale: [3 / 2048] }, 'clamp(RHA(acc * 0.00146484375) + 3, -128, 127)'],
  [{ kind: 'f32-half-even', scale: [3 / 2048] }, 'clamp(RNE(f32(f32(acc) * 0.00146484375)) + 3, -128, 127)'],
  [{ kind: 'f64-half-even-zero-inside', scale: [3 / 2048] }, 'clamp(RNE(acc * 0.00146484375 + 3), -128, 127)'],
]

test('each formula, evaluated as it is printed, gives the codes of its definition', () => {
  assert.equal(cases.map(([r]) => r.kind).sort(), [...requantiserKinds].sort())
  const target = { zeroPoint: 3, low: -128, high: 127 }
  for (const [r, wanted] of cases) {
    const [{ channels, formula }] = requantiserFormula(r, 5, target)
    assert.equal([channels, formula], ['', wanted])
    const names = Object.keys(symbols)
    const evaluate = new Function('acc', ...names, `return ${formula.replaceAll('^', '**')}`)
    const define = definitionOf(r, target.zeroPoint)
    for (let acc = -100000; acc <= 100000; acc += 64) {
      assert.is(evaluate(acc, ...Object.values(symbols)), limited(define(acc), target), `${formula}, acc = ${acc}`)
    }
  }
})

test('negative zero points, one formula a channel', () => {
  const r: Requantiser = { kind: 'f64-half-even-zero-inside', scale: [0.5, 0.25] }
  assert.equal(requantiserFormula(r, 2, { zeroPoint: -4, low: 0, high: 7 }), [
    { channels: '[0]', formula: 'clamp(RNE(acc[0] * 0.5 - 4), 0, 7)' },
    { channels: '[1]', formula: 'clamp(RNE(acc[1] * 0.25 - 4), 0, 7)' },
  ])
})

test.run()
