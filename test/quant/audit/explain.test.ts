import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { explain, explainJson } from '../../../quant/audit/explain.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { compile } from '../../../quant/integer/compile.ts'
import { handProgram } from '../integer/hand.ts'
import { images, randomParameters, smallNetwork } from '../integer/models.ts'

const test = suite('explain')

test('the hand-computed layer, word by word', () => {
  // |bias| 128 + 127 * max(127 - 3, 3 + 128) = 128 + 127 * 131.
  const legend = [
    'legend',
    '  S(x, m, e) = (x * m + 2^(30 - e)) >> (31 - e): one rounding, ties towards plus infinity (the real factor is m * 2^(e - 31))',
    '  f32(v): rounded to single precision, ties to even',
    '  clamp(v, low, high) = min(max(v, low), high)',
    '  half-even, half-away, half-up, floor: nearest integer with ties to even, away from zero, towards plus infinity; the integer below',
  ]
  assert.is(
    explain(handProgram(findBackend('tfl-int8-q31'))),
    [
      'program hand for tfl-int8-q31',
      '',
      'input image [?, 1, 1, 1]',
      '  q = clamp(half-away(f32(x / 0.5)) + 3, -128, 127)',
      '',
      "step 1: conv 'c'",
      '  image [?, 1, 1, 1] -> r [?, 1, 1, 1]',
      '  acc[m] = bias[m] + sum((x - 3) * w[m, ...]) over 1 taps, |acc| <= 16765 (limit 2147483647)',
      '  y = clamp(S(acc, 1073741824, -4) - 5, -5, 127)',
      '  w: int8 [1, 1, 1, 1] in 127 ... 127; bias: int32',
      '  strides 1x1, pads [0, 0, 0, 0] (contribute 0), dilations 1x1, groups 1',
      '  y: real = (y + 5) * 0.25, codes -128 ... 127',
      '',
      'output r [?, 1, 1, 1]',
      '  x = f32(0.25 * (q + 5))',
      '',
      ...legend,
    ].join('\n'),
  )
})

test('the same layer on the other back ends', () => {
  const formula = (name: string): string => explainJson(handProgram(findBackend(name))).steps[0].formulas[1]
  assert.is(formula('dsp-asym-tensor'), 'y = clamp(RHA(acc * 0.03125) + 123, 123, 255)')
  assert.is(formula('onnx-spec'), 'y = clamp(RNE(f32(f32(acc) * 0.03125)) + 123, 123, 255)')
  assert.is(formula('pow2-tensor-npu'), 'y = clamp(RHU(acc / 2^5), 0, 127)')
  const [bias] = explainJson(handProgram(findBackend('pow2-tensor-npu'))).steps[0].formulas
  assert.match(bias, /bias\[m\] \* 2\^1 \+ sum\(x \* w/)
})

test('a network: a block for every step, bounds within the limit, JSON', () => {
  const graph = smallNetwork()
  const calibration = [images(new RandomStream(1, 'explain'), 4, [3, 9, 8])]
  for (const backend of backends.values()) {
    const program = compile(graph, randomParameters(graph, 1), backend, { weightBits: 4, calibration })
    const json = explainJson(program)
    assert.equal(JSON.parse(JSON.stringify(json)), json)
    assert.equal(
      json.steps.map(({ name }) => name),
      program.header.steps.map(({ name }) => name),
    )
    for (const { accumulator, weights, formulas } of json.steps) {
      assert.ok(formulas.length > 0)
      if (accumulator !== undefined) assert.ok(accumulator.bound > 0 && accumulator.bound <= accumulator.limit)
      if (weights === undefined) continue
      const isIsland = weights.bits === 16 && backend.islands !== undefined
      assert.ok(isIsland || (weights.low >= -8 && weights.high <= 7 && weights.bits === 4))
    }
    const text = explain(program)
    const ops = ['conv', 'gemm', 'add', 'averagePool', 'maxPool', 'concat', 'clamp', 'reshape']
    for (const op of program.header.floats === undefined ? ops : ['float']) {
      assert.match(text, new RegExp(`step [0-9]+: ${op} `), `${backend.name}: ${op}`)
    }
    assert.not.match(text, /undefined|NaN|\[object/)
  }
})

test.run()
