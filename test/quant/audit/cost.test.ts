import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { programCost } from '../../../quant/audit/cost.ts'
import { costConstants } from '../../../quant/audit/costTable.ts'
import { onnxSpec } from '../../../quant/backends/onnxSpec.ts'
import type { ProgramHeader, Step } from '../../../quant/integer/program.ts'
import { handProgram } from '../integer/hand.ts'

const test = suite('cost model')

const close = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual}, wanted ${expected}`)

const value = (name: string, shape: number[], qmax = 127) => ({
  name,
  shape,
  scale: 1,
  zeroPoint: 0,
  qmin: -qmax - 1,
  qmax,
})
const weight = (shape: number[], bits: number) => ({ constant: 'w', shape, bits, scale: [1] })
const requantiser = { kind: 'f32-half-even', scale: [1] } as const

function header(values: ProgramHeader['values'], steps: readonly Step[], floats?: ProgramHeader['floats']) {
  const input = { value: steps[0].inputs[0], rounding: 'half-even' } as const
  return {
    header: { format: 1 as const, name: 'n', backend: 'b', input, output: 'y', values, floats, steps } as ProgramHeader,
  }
}

test('a fully connected layer, by hand', () => {
  const bias = { constant: 'b', bits: 32, shift: 0, scale: [1] }
  const gemm = { op: 'gemm' as const, name: 'fc', inputs: ['x'], output: 'y', bias, requantiser, low: -128, high: 127 }
  const program = header([value('x', [100]), value('y', [10])], [{ ...gemm, weight: weight([10, 100], 8) }])
  const cost = programCost(program)
  assert.equal(cost.macs, { '8x8': 1000 })
  assert.is(cost.weightBytes, 1040)
  assert.is(cost.activationBytes, 110)
  assert.is(cost.crossings, 0)
  // 1000 x (0.2 + 0.1) + 1040 x 162.5 + 110 x 12.5 pJ; 1040 bytes at 1 GB/s.
  close(cost.energyUj, 0.170675)
  close(cost.latencyMs, 0.00104)

  const narrow = programCost(
    header([value('x', [100], 7), value('y', [10])], [{ ...gemm, weight: weight([10, 100], 4) }]),
  )
  assert.equal(narrow.macs, { '4x4': 1000 })
  assert.is(narrow.weightBytes, 540)
  assert.is(narrow.activationBytes, 60)
  // A multiply of 4 by 4 bits is a quarter of one of 8 by 8.
  close(narrow.energyUj, (1000 * (0.05 + 0.1) + 540 * 162.5 + 60 * 12.5) / 1e6)
})

test('a grouped convolution counts the taps of its group; a shape change is free', () => {
  const conv: Step = {
    op: 'conv',
    name: 'c',
    inputs: ['x'],
    output: 'c',
    weight: weight([6, 2, 3, 3], 8),
    bias: null,
    requantiser,
    low: -128,
    high: 127,
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    dilations: [1, 1],
    groups: 2,
  }
  const reshape: Step = { op: 'reshape', name: 'r', inputs: ['c'], output: 'y' }
  const values = [value('x', [4, 5, 5]), value('c', [6, 5, 5]), value('y', [150])]
  const cost = programCost(header(values, [conv, reshape]))
  assert.equal(cost.macs, { '8x8': 150 * 18 })
  assert.is(cost.weightBytes, 108)
  assert.is(cost.activationBytes, 100 + 150)
})

test('fallbacks cost conversions and hand-overs, and count by their format', () => {
  const values = [value('x', [8]), value('y', [4])]
  const floats = [
    { name: 'real', shape: [8], format: 'f16' as const },
    { name: 'out', shape: [4], format: 'f16' as const },
  ]
  const steps: Step[] = [
    { op: 'dequantise', name: 'd', inputs: ['x'], output: 'real' },
    {
      op: 'float',
      name: 'f',
      operator: 'Gemm',
      attributes: {},
      inputs: ['real'],
      output: 'out',
      operands: [{ kind: 'input' }, { kind: 'weight', weight: weight([4, 8], 8), transposed: false }],
    },
    { op: 'quantise', name: 'q', inputs: ['out'], output: 'y', rounding: 'half-even' },
  ]
  const cost = programCost(header(values, steps, floats))
  assert.equal(cost.macs, { f16: 32 })
  assert.is(cost.crossings, 2)
  assert.is(cost.activationBytes, 8 + 16 + 16 + 8 + 8 + 4)
  const { conversion, crossingSeconds } = costConstants
  const weights = 32 + 4 * 4
  close(cost.energyUj, (32 * 2 + weights * 162.5 + 60 * 12.5 + 12 * conversion) / 1e6)
  assert.ok(cost.latencyMs > 2 * crossingSeconds * 1e3)
})

test('other constants give other costs; those of the file name their source', () => {
  const program = handProgram(onnxSpec)
  const free = { ...costConstants, weightByte: 0, activationByte: 0, multiply8: 1, add32: 0 }
  close(programCost(program, free).energyUj, 1e-6)
  assert.match(costConstants.source, /^A model, not a measurement\. .*Horowitz, ISSCC 2014/)
})

test.run()
