import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { learnedStep } from '../../../quant/trim/learnedStep.ts'
import { LearnedSteps } from '../../../quant/trim/learnedSteps.ts'
import { methodOptions } from '../../../quant/trim/methods.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('learned step sizes')

const int4 = { qmin: -8, qmax: 7 }
const near = (actual: number, wanted: number, allowed = 1e-6): void => {
  assert.ok(Math.abs(actual - wanted) <= allowed * Math.max(1, Math.abs(wanted)), `${actual}, wanted ${wanted}`)
}

test('hand-computed values and gradients', () => {
  // d = 1.6, -0.5 (a tie, to 0), 3.5 (a tie, to 4), 200 and -9 (clipped), 7 and -8 (on the bounds: clipped too).
  const x = tensor([0.8, -0.25, 1.75, 100, -4.5, 3.5, -4], [7], { requiresGrad: true })
  const step = tensor([0.5], [1], { requiresGrad: true })
  const y = learnedStep(x, step, int4, { axis: null, count: 7 })
  assert.equal(
    [...y.data].map((v) => v + 0),
    [1, 0, 2, 3.5, -4, 3.5, -4],
  )
  y.backward(tensor([1, 2, -1, 1, 1, 10, 1]))
  assert.equal([...(x.grad as FloatTensor).data], [1, 2, -1, 0, 0, 0, 0])
  // 0.4 + 2 * 0.5 - 0.5 + 7 - 8 + 70 - 8, over sqrt(7 * 7).
  near((step.grad as FloatTensor).item(), (0.4 + 1 - 0.5 + 7 - 8 + 70 - 8) / 7)
})

test('per channel, on any axis: equals each channel by itself, from the definition', () => {
  const random = new RandomStream(2, 'lsq')
  for (const [shape, axis] of [
    [[3, 40], 0],
    [[40, 3], 1],
    [[2, 3, 20], 1],
  ] as const) {
    const size = shape.reduce((a: number, b) => a * b, 1)
    const inner = shape.slice(axis + 1).reduce((a: number, b) => a * b, 1)
    const x = tensor(
      Float32Array.from({ length: size }, () => (random.uniform() - 0.5) * 6),
      shape,
      {
        requiresGrad: true,
      },
    )
    const step = tensor([0.25, 0.5, 0.75], [3], { requiresGrad: true })
    const g = Float32Array.from({ length: size }, () => random.uniform() - 0.5)
    const y = learnedStep(x, step, int4, { axis, count: 40 })
    y.backward(tensor(g, shape))
    const sums = [0, 0, 0]
    for (let i = 0; i < size; i++) {
      const c = Math.floor(i / inner) % 3
      const s = step.data[c]
      const d = x.data[i] / s
      const code = Math.min(Math.max(Math.round(d), -8), 7)
      near(y.data[i], s * code)
      const inside = d > -8 && d < 7
      assert.is((x.grad as FloatTensor).data[i], inside ? g[i] : 0)
      sums[c] += g[i] * (inside ? code - d : code)
    }
    for (const [c, sum] of sums.entries()) near((step.grad as FloatTensor).data[c], sum / Math.sqrt(40 * 7), 1e-5)
  }
})

test('following the gradient of the error finds the step of least error', () => {
  const random = new RandomStream(3, 'least error')
  const x = tensor(
    Float32Array.from({ length: 2000 }, () => random.uniform() + random.uniform() + random.uniform() - 1.5),
  )
  const error = (s: number): number =>
    x.data.reduce((sum, v) => sum + (s * Math.min(Math.max(Math.round(v / s), -2), 1) - v) ** 2, 0)
  const step = tensor([0.2], [1], { requiresGrad: true })
  for (let k = 0; k < 400; k++) {
    const y = learnedStep(x, step, { qmin: -2, qmax: 1 }, { axis: null, count: 1 })
    y.backward(tensor(y.data.map((v, i) => (2 * (v - x.data[i])) / x.size)))
    step.data[0] -= 0.02 * (step.grad as FloatTensor).item()
    step.grad = null
  }
  let best = 0.05
  for (let s = 0.05; s < 1.5; s += 0.005) if (error(s) < error(best)) best = s
  near(step.item(), best, 0.03)
})

test('steps that do not fit the axis', () => {
  throwsWith(
    () => learnedStep(tensor([1, 2], [2]), tensor([1, 1, 1]), int4, { axis: 0, count: 1 }),
    ShapeError,
    /LearnedStep.*3 channels/,
  )
})

const graph = buildGraph('net', (g) => {
  const x = g.input('x', [null, 2])
  return { logits: g.linear(g.relu(g.linear(x, { name: 'fc1', out: 4 })), { name: 'fc2', out: 2 }) }
})
const method = { ...methodOptions('lsq'), weightGranularity: 'tensor', weightBits: 4 } as const

test('steps begin at 2 mean|v| / sqrt(qmax); codes are unsigned where nothing is negative', () => {
  const steps = new LearnedSteps(graph, method)
  const { parameter, value } = steps.tap(1)
  const w = tensor([0.5, -1, 0.25, 0.25, 1, -1, 0.5, 0.5], [4, 2])
  parameter?.('fc1.weight', w, graph.nodes[0])
  const positive = value?.('x', tensor([0, 1, 2, 1], [2, 2])) as FloatTensor
  const all = steps.trainable()
  // 4 bits, narrow: qmax 7; the mean magnitude is 5/8.
  near(all.get('fc1.weight.step_size')?.item() as number, 1.25 / Math.sqrt(7))
  const s = 2 / Math.sqrt(255)
  near(all.get('x.step_size')?.item() as number, s)
  near(positive.data[2], s * Math.round(2 / s))
  near(steps.ranges().get('x')?.hi as number, s * 255)
  assert.is(steps.ranges().get('x')?.lo, 0)
  value?.('logits', tensor([-1, 1], [1, 2]))
  near(steps.ranges().get('logits')?.lo as number, (-128 * 2) / Math.sqrt(127))
})

test('per channel each row begins by itself; a bias is left alone', () => {
  const steps = new LearnedSteps(graph, { ...method, weightGranularity: 'channel' })
  const { parameter } = steps.tap(1)
  parameter?.('fc1.weight', tensor([1, -1, 2, 2, 3, 3, 0, 4], [4, 2]), graph.nodes[0])
  const data = steps.trainable().get('fc1.weight.step_size')?.data as Float32Array
  for (const [c, magnitude] of [1, 2, 3, 2].entries()) near(data[c], (2 * magnitude) / Math.sqrt(7))
  const bias = tensor([1, 2, 3, 4])
  assert.is(parameter?.('fc1.bias', bias, graph.nodes[0]), bias)
})

test('a step that an update takes below 0 comes back positive', () => {
  const steps = new LearnedSteps(graph, method)
  const w = tensor([1, 1, 1, 1, 1, 1, 1, 1], [4, 2])
  steps.tap(1).parameter?.('fc1.weight', w, graph.nodes[0])
  const step = steps.trainable().get('fc1.weight.step_size') as FloatTensor
  step.data[0] = -0.25
  const seen = steps.tap(1).parameter?.('fc1.weight', w, graph.nodes[0]) as FloatTensor
  assert.is(step.item(), 0.25)
  assert.is(seen.data[0], 1)
})

test('the state comes back, and a state of another model is refused', () => {
  const steps = new LearnedSteps(graph, method)
  steps.tap(1).value?.('x', tensor([0, 1], [1, 2]))
  const other = new LearnedSteps(graph, method)
  other.loadState(steps.state())
  assert.equal(other.ranges(), steps.ranges())
  assert.is(other.ranges().get('x')?.lo, 0)
  throwsWith(() => other.loadState(new Map([['fc9', tensor([1, 1])]])), FormatError, /'fc9'/)
})

test('with lambda 0 nothing changes, and a blend is refused', () => {
  assert.equal(new LearnedSteps(graph, method).tap(0), {})
  const { curriculum } = methodOptions('quant-trim')
  throwsWith(() => new LearnedSteps(graph, { ...method, curriculum }), UsageError, /no blend/)
})

test.run()
