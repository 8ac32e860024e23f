import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { checkKure, defaultKure, kurePenalty, kurtosis } from '../../../quant/trim/kurtosis.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('kurtosis regularisation')

const near = (actual: number, wanted: number, relative = 1e-5): void => {
  assert.ok(Math.abs(actual - wanted) <= relative * Math.max(1, Math.abs(wanted)), `${actual}, wanted ${wanted}`)
}

/** Kurtosis in double, from the definition. */
function oracle(w: ArrayLike<number>): number {
  const values = Array.from(w)
  const average = (of: (v: number) => number): number => values.reduce((sum, v) => sum + of(v), 0) / values.length
  const centre = average((v) => v)
  return average((v) => (v - centre) ** 4) / average((v) => (v - centre) ** 2) ** 2
}

const normal = (n: number): Float32Array => {
  const random = new RandomStream(1, 'kurtosis')
  return Float32Array.from({ length: n }, () => 0.1 * (random.uniform() + random.uniform() ** 3 - 0.7))
}

test('hand-computed and known values', () => {
  assert.is(kurtosis(tensor([-1, -1, 1, 1])).item(), 1)
  near(kurtosis(tensor([-1, 0, 0, 0, 0, 1])).item(), 3)
  // The continuous uniform distribution has 9/5, n points of it 9/5 - 12 / (5 (n^2 - 1)).
  const points = Float32Array.from({ length: 1001 }, (_, i) => i)
  near(kurtosis(tensor(points)).item(), 1.8 - 12 / 5 / (1001 ** 2 - 1))
  const w = normal(3 * 4 * 5)
  near(kurtosis(tensor(w, [3, 4, 5])).item(), oracle(w))
  near(kurtosis(tensor(w.map((v) => 7 * v + 1))).item(), oracle(w), 1e-4)
})

test('the gradient of the penalty is its derivative', () => {
  const options = { weight: 0.5, target: 1.8 }
  const first = tensor(normal(12), [3, 4], { requiresGrad: true })
  const second = tensor(normal(7).reverse(), [7], { requiresGrad: true })
  const total = (): number => 0.5 * ((oracle(first.data) - 1.8) ** 2 + (oracle(second.data) - 1.8) ** 2)
  const penalty = kurePenalty([first, second], options) as FloatTensor
  near(penalty.item(), total())
  penalty.backward()
  for (const w of [first, second]) {
    for (let i = 0; i < w.size; i++) {
      const value = w.data[i]
      const at = (step: number): number => {
        w.data[i] = value + step
        return total()
      }
      // The steps as they are after rounding to f32.
      const above = at(1e-4)
      const up = w.data[i]
      const below = at(-1e-4)
      const slope = (above - below) / (up - w.data[i])
      w.data[i] = value
      near(w.grad?.data[i] as number, slope, 2e-3)
    }
  }
})

test('descending the penalty takes the kurtosis towards its target', () => {
  const w = tensor(
    normal(200).map((v) => v * v * v * 3000),
    [200],
    { requiresGrad: true },
  )
  const distance = (): number => Math.abs(oracle(w.data) - 1.8)
  const before = distance()
  for (let step = 0; step < 1000; step++) {
    kurePenalty([w], { weight: 1, target: 1.8 })?.backward()
    const gradient = (w.grad as FloatTensor).data
    for (let i = 0; i < w.size; i++) w.data[i] -= 0.1 * gradient[i]
    w.grad = null
  }
  assert.ok(before > 1 && distance() < before / 4, `${before} became ${distance()}`)
})

test('weights that are all equal are left out', () => {
  const constant = tensor([0.1, 0.1, 0.1])
  assert.is(kurePenalty([constant], defaultKure), null)
  assert.is(kurePenalty([], defaultKure), null)
  near(kurePenalty([constant, tensor([-1, -1, 1, 1])], { weight: 1, target: 1.8 })?.item() as number, 0.64)
})

test('options out of range', () => {
  throwsWith(() => checkKure({ weight: -1, target: 1.8 }), UsageError, /weight -1/)
  throwsWith(() => checkKure({ weight: 1, target: Number.NaN }), UsageError, /target NaN/)
})

test.run()
