import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { methodOptions } from '../../../quant/trim/methods.ts'
import {
  defaultSchemeSampling,
  fixedScheme,
  SchemeSampler,
  type SchemeSampling,
  sampledParts,
  type TrainingScheme,
} from '../../../quant/trim/schemeSampling.ts'

const test = suite('scheme sampling')

const method = methodOptions('quant-trim+sampling')

function drawn(options: Partial<SchemeSampling>, steps = 400, point = 'w'): TrainingScheme[] {
  const sampler = new SchemeSampler(method, { ...defaultSchemeSampling, ...options }, 7)
  return Array.from({ length: steps }, (_, step) => sampler.draw(step, point))
}

const distinct = (schemes: TrainingScheme[], of: (scheme: TrainingScheme) => unknown): unknown[] =>
  [...new Set(schemes.map(of))].sort()

test('every choice of every part comes up, each about as often', () => {
  const schemes = drawn({ weightBits: [4, 8] })
  assert.equal(
    distinct(schemes, ({ weights }) => weights.granularity),
    ['channel', 'tensor'],
  )
  assert.equal(
    distinct(schemes, ({ weights }) => weights.scaleForm),
    ['float', 'pow2'],
  )
  assert.equal(
    distinct(schemes, ({ weights }) => weights.bits),
    [4, 8],
  )
  assert.equal(
    distinct(schemes, ({ weightQuantile }) => weightQuantile),
    [0.999, 1],
  )
  assert.equal(
    distinct(schemes, ({ activations }) => activations.symmetric),
    [false, true],
  )
  assert.equal(
    distinct(schemes, ({ activations }) => activations.scaleForm),
    ['float', 'pow2'],
  )
  assert.equal(
    distinct(schemes, ({ activations }) => activations.bits),
    [4, 8],
  )
  assert.equal(
    distinct(schemes, ({ activationRange }) => activationRange),
    ['batch', 'observed'],
  )
  assert.equal(
    distinct(schemes, ({ rounding }) => rounding),
    ['half-away', 'half-even', 'half-up'],
  )
  // 400 fair coins: 200 +- 10 (one standard deviation); 5 of them are not passed by accident.
  const tensors = schemes.filter(({ weights }) => weights.granularity === 'tensor').length
  assert.ok(Math.abs(tensors - 200) < 50, `${tensors} of 400`)
})

test('a part that is not sampled stays as the method has it, and leaves the other draws alone', () => {
  const fixed = fixedScheme(method)
  for (const left of sampledParts) {
    const all = drawn({}, 50)
    const without = drawn({ parts: sampledParts.filter((part) => part !== left) }, 50)
    const kept = (scheme: TrainingScheme): unknown => ({
      granularity: left === 'granularity' ? null : scheme.weights.granularity,
      symmetric: left === 'symmetry' ? null : [scheme.weights.symmetric, scheme.activations.symmetric],
      forms: left === 'scale-form' ? null : [scheme.weights.scaleForm, scheme.activations.scaleForm],
      ranges: left === 'range' ? null : [scheme.weightQuantile, scheme.activationRange],
      rounding: left === 'rounding' ? null : scheme.rounding,
      bits: left === 'bits' ? null : [scheme.weights.bits, scheme.activations.bits],
    })
    assert.equal(without.map(kept), all.map(kept), left)
  }
  assert.equal(
    drawn({ parts: [] }, 3).map((scheme) => JSON.stringify(scheme)),
    [fixed, fixed, fixed].map((scheme) => JSON.stringify(scheme)),
  )
})

test('on the grid asymmetric weights are per tensor with a free scale where that is asked for, and nothing else changes', () => {
  const draws = (onGrid?: 'any' | 'tensor', gridFrom?: number): TrainingScheme[] => {
    const sampler = new SchemeSampler(method, { ...defaultSchemeSampling, ...(onGrid && { onGrid }) }, 7, gridFrom)
    return Array.from({ length: 100 }, (_, step) => sampler.draw(step, 'w'))
  }
  const free = draws()
  assert.equal(draws('any', 40), free)
  assert.equal(draws('tensor'), free, 'without a grid')
  const tensor = { granularity: 'tensor', scaleForm: 'float' }
  const wanted = free.map((scheme, step) =>
    step < 40 || scheme.weights.symmetric ? scheme : { ...scheme, weights: { ...scheme.weights, ...tensor } },
  )
  assert.not.equal(wanted, free)
  assert.equal(draws('tensor', 40), wanted)
})

test('a draw depends on seed, step and point only; with every step, not on the point', () => {
  assert.equal(drawn({}, 20), drawn({}, 20))
  assert.not.equal(drawn({}, 20, 'v'), drawn({}, 20, 'w'))
  assert.equal(drawn({ every: 'step' }, 20, 'v'), drawn({ every: 'step' }, 20, 'w'))
  const other = new SchemeSampler(method, defaultSchemeSampling, 8)
  assert.not.equal(
    Array.from({ length: 20 }, (_, step) => other.draw(step, 'w')),
    drawn({}, 20),
  )
})

test.run()
