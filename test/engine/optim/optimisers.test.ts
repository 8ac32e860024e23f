import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UsageError } from '../../../engine/base/errors.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { AdamW } from '../../../engine/optim/adamw.ts'
import type { Optimiser } from '../../../engine/optim/optimiser.ts'
import { SGD } from '../../../engine/optim/sgd.ts'
import { assertClose } from '../../support/close.ts'
import { readNpy, sharedPath } from '../../support/npy.ts'

const test = suite('optimisers')

const cases = sharedPath('conformance/torch')
if (cases !== null) {
  for (const name of ['sgd', 'sgd_momentum', 'sgd_nesterov', 'adam', 'adamw']) {
    test(`${name}: PyTorch's trajectory over ten steps`, () => {
      const folder = join(cases, `optim_${name}`)
      const { attributes } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'))
      const weight = tensor(readNpy(join(folder, 'initial.npy')).data)
      const gradients = readNpy(join(folder, 'gradients.npy')).data
      const expected = readNpy(join(folder, 'parameters.npy')).data
      const { lr, momentum, dampening, nesterov, betas, eps, weight_decay: weightDecay } = attributes
      const optimiser = name.startsWith('sgd')
        ? new SGD([['weight', weight]], { lr, momentum, dampening, nesterov, weightDecay })
        : new AdamW([['weight', weight]], { lr, betas, eps, weightDecay, decoupled: name === 'adamw' })
      for (let step = 0; step * weight.size < expected.length; step++) {
        const row = [step * weight.size, (step + 1) * weight.size] as const
        weight.grad = tensor(gradients.subarray(...row))
        optimiser.step()
        assertClose(weight.data, expected.subarray(...row), `step ${step}`, { rtol: 1e-6, atol: 2e-7 })
      }
    })
  }
}

/** One parameter with a gradient. */
function parameter(value: number, gradient: number): FloatTensor {
  const p = tensor([value])
  p.grad = tensor([gradient])
  return p
}

test('SGD: dampening spares the first gradient', () => {
  // buffer: 4, then 0.5 * 4 + (1 - 0.25) * 4 = 5, then 0.5 * 5 + 3 = 5.5
  const p = parameter(16, 4)
  const optimiser = new SGD([['p', p]], { lr: 0.5, momentum: 0.5, dampening: 0.25 })
  const path = [0, 1, 2].map(() => {
    optimiser.step()
    return p.data[0]
  })
  assert.equal(path, [14, 11.5, 8.75])
})

test('SGD: weight decay and its exceptions', () => {
  const kernel = parameter(8, 1)
  const bias = parameter(8, 1)
  const named = new Map([
    ['conv.weight', kernel],
    ['conv.bias', bias],
  ])
  new SGD(named, { lr: 0.5, weightDecay: 0.25, noDecay: (name) => name.endsWith('.bias') }).step()
  assert.equal([kernel.data[0], bias.data[0]], [6.5, 7.5])
})

test('Adam: decay in the gradient and decay apart from it', () => {
  // The first step of Adam is lr * sign(gradient) for any gradient far from eps; AdamW first shrinks the parameter.
  const coupled = parameter(-8, 1)
  new AdamW([['p', coupled]], { lr: 0.5, weightDecay: 0.25, eps: 0, decoupled: false }).step()
  assert.ok(Math.abs(coupled.data[0] - -7.5) < 1e-5, 'the gradient 1 - 0.25 * 8 is negative')
  const decoupled = parameter(-8, 1)
  new AdamW([['p', decoupled]], { lr: 0.5, weightDecay: 0.25, eps: 0 }).step()
  assert.ok(Math.abs(decoupled.data[0] - (-8 * 0.875 - 0.5)) < 1e-5)
  const exempt = parameter(-8, 1)
  new AdamW([['p', exempt]], { lr: 0.5, weightDecay: 0.25, eps: 0, noDecay: () => true }).step()
  assert.ok(Math.abs(exempt.data[0] - -8.5) < 1e-5)
})

test('the learning rate of the moment applies', () => {
  const p = parameter(1, 1)
  const optimiser = new SGD([['p', p]], { lr: 0.5 })
  optimiser.lr = 0.25
  optimiser.step()
  assert.is(p.data[0], 0.75)
  optimiser.lr = Number.NaN
  assert.throws(() => optimiser.step(), /SGD\.step: lr is NaN, wanted a finite number from 0 on/)
  const adam = new AdamW([['p', p]], { lr: 1 })
  adam.lr = -1
  assert.throws(() => adam.step(), /AdamW\.step: lr is -1/)
})

test('a parameter without a gradient stays; if none has one, that is an error', () => {
  for (const make of [sgd, adamw]) {
    const p = parameter(1, 1)
    const still = tensor([5])
    const optimiser = make([
      ['p', p],
      ['still', still],
    ])
    optimiser.step()
    assert.is.not(p.data[0], 1)
    assert.is(still.data[0], 5)
    optimiser.zeroGrad()
    assert.is(p.grad, null)
    assert.throws(() => optimiser.step(), /step: none of 2 parameters has a gradient; call backward\(\) first/)
  }
})

type Named = [string, FloatTensor][]
const sgd = (named: Named): Optimiser => new SGD(named, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 })
const adamw = (named: Named): Optimiser => new AdamW(named, { lr: 0.1, betas: [0.8, 0.97] })

/** Steps with gradients that depend on the step only. */
function advance(optimiser: Optimiser, p: FloatTensor, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    p.grad = tensor(Array.from(p.data, (_, i) => Math.fround(((step * 7 + i * 3) % 11) / 11 - 0.4)))
    optimiser.step()
  }
}

test('a run resumed from its state ends on the same bits', () => {
  for (const make of [sgd, adamw]) {
    const whole = tensor([0.3, -1.2, 2.5])
    advance(make([['p', whole]]), whole, 0, 9)

    const first = tensor([0.3, -1.2, 2.5])
    const before = make([['p', first]])
    advance(before, first, 0, 4)
    const state = before.state()
    const resumed = first.clone()
    advance(before, first, 4, 5) // the saved state is a copy
    const after = make([['p', resumed]])
    after.loadState(state)
    advance(after, resumed, 4, 9)
    assert.equal([...resumed.data], [...whole.data])
  }
})

test('names in the state', () => {
  const p = parameter(1, 1)
  const momentum = sgd([['conv1.weight', p]])
  assert.equal([...momentum.state().keys()], [])
  momentum.step()
  assert.equal([...momentum.state().keys()], ['conv1.weight.momentum'])
  const moments = adamw([['conv1.weight', p]])
  moments.step()
  assert.equal(moments.state().get('step')?.item(), 1)
  assert.equal([...moments.state().keys()], ['step', 'conv1.weight.first_moment', 'conv1.weight.second_moment'])
})

test('a state that does not fit is refused whole', () => {
  const named: Named = [['p', parameter(1, 1)]]
  const fails = (optimiser: Optimiser, state: [string, FloatTensor][], message: RegExp) =>
    assert.throws(
      () => optimiser.loadState(new Map(state)),
      (error: Error) => error instanceof FormatError && message.test(error.message),
    )
  fails(sgd(named), [['q.momentum', tensor([1])]], /SGD\.loadState: .*'q\.momentum' belongs to no parameter/)
  fails(sgd(named), [['p.momentum', tensor([1, 2])]], /'p\.momentum' is \[2\], wanted \[1\]/)
  fails(new SGD(named, { lr: 1 }), [['p.momentum', tensor([1])]], /'p\.momentum' belongs to no parameter/)
  const integers = tensor([1], [1], { dtype: 'int32' }) as unknown as FloatTensor
  fails(sgd(named), [['p.momentum', integers]], /'p\.momentum' is int32, wanted float32/)

  const optimiser = adamw(named)
  optimiser.step()
  const good = optimiser.state()
  const changed = (name: string, value: FloatTensor) => [...new Map([...good, [name, value]])]
  fails(
    optimiser,
    [...good].filter(([name]) => name !== 'p.first_moment'),
    /the state lacks p\.first_moment/,
  )
  fails(optimiser, changed('step', tensor([1.5])), /the step count is 1\.5, wanted an integer/)
  fails(optimiser, changed('step', tensor([1e30])), /the step count is 1\.\d+e\+30/)
  fails(optimiser, changed('step', tensor([-1])), /the step count is -1/)
  assert.equal(optimiser.state(), good)
})

test('options out of range are refused', () => {
  const named: Named = [['p', tensor([1])]]
  const fails = (make: () => Optimiser, message: RegExp) =>
    assert.throws(make, (error: Error) => error instanceof UsageError && message.test(error.message))
  fails(() => new SGD(named, { lr: -1 }), /SGD: lr is -1, wanted a finite number from 0 on/)
  fails(() => new SGD(named, { lr: Infinity }), /SGD: lr is Infinity/)
  fails(() => new SGD(named, { lr: 1, momentum: Number.NaN }), /SGD: momentum is NaN/)
  fails(() => new SGD(named, { lr: 1, weightDecay: -1 }), /SGD: weightDecay is -1/)
  fails(() => new SGD(named, { lr: 1, nesterov: true }), /SGD: nesterov needs a momentum/)
  fails(() => new SGD(named, { lr: 1, momentum: 0.9, dampening: 0.1, nesterov: true }), /no dampening/)
  fails(() => new SGD([], { lr: 1 }), /SGD: there are no parameters/)
  fails(() => new SGD([...named, ...named], { lr: 1 }), /SGD: two parameters are called 'p'/)
  fails(() => new AdamW(named, { lr: 1, betas: [1, 0.9] }), /AdamW: betas\[0\] is 1, wanted a number in \[0, 1\)/)
  fails(() => new AdamW(named, { lr: 1, betas: [0.9, -0.1] }), /AdamW: betas\[1\] is -0.1/)
  fails(() => new AdamW(named, { lr: 1, eps: -1 }), /AdamW: eps is -1/)
  fails(() => new AdamW([], { lr: 1 }), /AdamW: there are no parameters/)
})

test.run()
