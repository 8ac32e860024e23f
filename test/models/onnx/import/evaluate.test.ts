import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { typeInfo } from '../../../../models/onnx/codec/types.ts'
import { onnxTensor } from '../../../../models/onnx/elements.ts'
import { evaluateModel } from '../../../../models/onnx/import/evaluateModel.ts'
import type { OnnxTensor, OnnxType } from '../../../../models/onnx/model.ts'
import { assertClose } from '../../../support/close.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { type AttributeInput, float, info, int64, model, node } from './build.ts'

const test = suite('ONNX evaluation')

/** A tensor of any type. */
function of(
  type: OnnxType,
  values: readonly (number | bigint)[],
  dims: readonly number[] = [values.length],
): OnnxTensor {
  const data = new typeInfo[type].array(values.length)
  for (const [i, value] of values.entries()) data[i] = value
  return onnxTensor(type, dims, data)
}

/** The outputs of one operator; null is an absent input. */
function evaluate(
  op: string,
  inputs: readonly (OnnxTensor | null)[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
  { outputs = 1, opset = 21 } = {},
): OnnxTensor[] {
  const names = inputs.map((input, i) => (input === null ? '_' : `i${i}`))
  const results = Array.from({ length: outputs }, (_, i) => `o${i}`)
  const present = inputs.flatMap((input, i) => (input === null ? [] : [{ name: `i${i}`, input }]))
  const whole = model(
    {
      inputs: present.map(({ name, input }) => info(name, input.dims, input.type)),
      outputs: results,
      nodes: [node(op, names.join(' '), results.join(' '), attributes)],
    },
    opset,
  )
  return [...evaluateModel(whole, new Map(present.map(({ name, input }) => [name, input]))).values()]
}

const values = (tensor: OnnxTensor): (number | bigint)[] => Array.from<number | bigint>(tensor.data)
const first = (...args: Parameters<typeof evaluate>): (number | bigint)[] => values(evaluate(...args)[0])

test('integers wrap, and divide towards 0', () => {
  assert.equal(first('Add', [of('int8', [127, -128]), of('int8', [1, -1])]), [-128, 127])
  assert.equal(first('Sub', [of('uint32', [0]), of('uint32', [1])]), [4294967295])
  assert.equal(first('Mul', [of('int32', [123456789]), of('int32', [987654321])]), [-67153019])
  assert.equal(first('Mul', [of('uint32', [4294967295]), of('uint32', [4294967295])]), [1])
  assert.equal(first('Mul', [of('uint16', [65535]), of('uint16', [65535])]), [1])
  assert.equal(first('Div', [of('int32', [-7, 7, -8]), of('int32', [2, -2, 2])]), [-3, -3, -4])
  assert.equal(first('Div', [of('int64', [-7n]), of('int64', [2n])]), [-3n])
  assert.equal(first('Div', [of('int64', [5n]), of('int64', [0n])]), [0n])
  assert.equal(first('Sub', [of('uint64', [0n]), of('uint64', [1n])]), [2n ** 64n - 1n])
  assert.equal(first('Mul', [of('int64', [2n ** 62n]), of('int64', [2n])]), [-(2n ** 63n)])
  assert.equal(first('Neg', [of('int8', [-128, 5])]), [-128, -5])
  assert.equal(first('Abs', [of('int64', [-5n, 3n])]), [5n, 3n])
  assert.equal(first('Relu', [of('int32', [-5, 3])]), [0, 3])
})

test('broadcasting, and more than two inputs', () => {
  const sum = evaluate('Add', [of('int64', [1n, 2n, 3n], [3]), of('int64', [10n, 20n], [2, 1])])[0]
  assert.equal(
    [sum.dims, values(sum)],
    [
      [2, 3],
      [11n, 12n, 13n, 21n, 22n, 23n],
    ],
  )
  assert.equal(first('Max', [of('uint64', [1n, 9n]), of('uint64', [5n]), of('uint64', [3n, 3n])]), [5n, 9n])
  assert.equal(first('Min', [of('float64', [1, Number.NaN]), of('float64', [0.1, 2])]), [0.1, Number.NaN])
  assert.equal(first('Sum', [of('float64', [0.1]), of('float64', [0.2])]), [0.1 + 0.2])
  assert.equal(evaluate('Add', [of('int32', [], [0]), of('int32', [1])])[0].dims, [0])
  assert.ok(messageOf(ShapeError, () => first('Add', [of('int32', [1]), of('int64', [1n])])).includes('one type'))
})

test('float16 and bfloat16 are rounded once an operation, ties to even', () => {
  // Between 2048 and 4096 float16 has even numbers only: 2049 is a tie and goes to 2048, 2051 to 2052.
  assert.equal(first('Add', [of('float16', [2048, 2048]), of('float16', [1, 3])]), [2048, 2052])
  assert.equal(first('Mul', [of('bfloat16', [256]), of('bfloat16', [1.0078125])]), [258])
  assert.equal(first('Sqrt', [of('float16', [2])]), [1.4140625])
  const product = evaluate('MatMul', [of('float16', [1, 2048], [1, 2]), of('float16', [1, 1], [2, 1])])[0]
  assert.equal([product.type, values(product)], ['float16', [2048]])
})

test('powers of mixed types have the type of the base', () => {
  assert.equal(first('Pow', [of('int64', [3n, -2n]), of('int64', [40n, 3n])]), [12157665459056928801n - 2n ** 64n, -8n])
  assert.equal(first('Pow', [of('int32', [3, 4]), float([6, 0.5])]), [729, 2])
  assert.equal(first('Pow', [float([2, 9]), of('int64', [-1n, 2n])]), [0.5, 81])
  assert.equal(first('Pow', [of('int32', [2]), of('int32', [-1])]), [0])
  assert.ok(messageOf(ShapeError, () => first('Pow', [of('int64', [0n]), float([-1])])).includes('Infinity'))
})

test('casts', () => {
  const cast = (x: OnnxTensor, to: OnnxType, saturate = 1) =>
    first('Cast', [x, null].slice(0, 1), { to: typeInfo[to].code, saturate })
  assert.equal(cast(float([1.9, -1.9, 300, -129]), 'int8'), [1, -1, 44, 127])
  assert.equal(cast(float([-9, 8, 7]), 'int4'), [7, -8, 7])
  assert.equal(cast(float([16, 17, -1]), 'uint4'), [0, 1, 15])
  assert.equal(cast(float([0, -0, 0.1, Number.NaN]), 'bool'), [0, 0, 1, 1])
  assert.equal(cast(of('bool', [0, 1]), 'int64'), [0n, 1n])
  assert.equal(cast(of('int64', [-1n, 2n ** 32n + 5n]), 'int32'), [-1, 5])
  assert.equal(cast(of('uint64', [2n ** 64n - 1n]), 'int64'), [-1n])
  assert.equal(cast(float([-1.5, 2 ** 40]), 'int64'), [-1n, 2n ** 40n])
  // 2^53 + 2^29 + 1: just above the tie between two float32s; as a double first it would fall on it, and then go down.
  assert.equal(cast(of('int64', [2n ** 53n + 2n ** 29n + 1n]), 'float32'), [2 ** 53 + 2 ** 30])
  assert.equal(cast(of('int64', [-(2n ** 53n) - 2n ** 29n - 1n]), 'float32'), [-(2 ** 53) - 2 ** 30])
  assert.equal(cast(of('int64', [2n ** 53n + 1n, 2n ** 53n + 3n]), 'float64'), [2 ** 53, 2 ** 53 + 4])
  assert.equal(cast(of('float64', [1 + 2 ** -11, 65520, 0.1]), 'float16'), [
    1,
    Number.POSITIVE_INFINITY,
    0.0999755859375,
  ])
  assert.equal(cast(float([500, -1e6, Number.NaN]), 'float8e4m3fn'), [448, -448, Number.NaN])
  assert.equal(cast(float([500]), 'float8e4m3fn', 0), [Number.NaN])
  assert.equal(cast(float([2.5, 100, -0.25]), 'float4e2m1'), [2, 6, -0])
  assert.ok(messageOf(UnsupportedError, () => first('Cast', [float([1])], { to: 8 })).includes('to string'))
  assert.ok(messageOf(FormatError, () => first('Cast', [float([1])], { to: 99 })).includes('no type'))
})

test('elements of every type are moved', () => {
  const types = Object.keys(typeInfo) as OnnxType[]
  for (const type of types) {
    const big = type === 'int64' || type === 'uint64'
    const list = [1, 0, 1, 1, 0, 0].map((value) => (big ? BigInt(value) : value))
    const x = of(type, list, [2, 3])
    const picked = (...at: number[]) => at.map((i) => list[i])
    const transposed = evaluate('Transpose', [x])[0]
    assert.equal([transposed.type, transposed.dims, values(transposed)], [type, [3, 2], picked(0, 3, 1, 4, 2, 5)])
    assert.equal(first('Concat', [x, x], { axis: 1 }), picked(0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5))
    assert.equal(first('Slice', [x, int64([2]), int64([-9]), int64([1]), int64([-2])]), picked(2, 0, 5, 3))
    assert.equal(first('Gather', [x, int64([-1, 0])], { axis: 1 }), picked(2, 0, 5, 3))
    assert.equal(first('Expand', [of(type, list.slice(0, 2), [2, 1]), int64([1, 2])]), picked(0, 0, 1, 1))
    assert.equal(first('Where', [of('bool', [1, 0, 0], [3]), x, of(type, [list[1]], [])]), picked(0, 1, 1, 3, 1, 1))
    assert.equal(values(evaluate('Split', [x, int64([1, 2])], { axis: 1 }, { outputs: 2 })[1]), picked(1, 2, 4, 5))
    const reshaped = evaluate('Reshape', [x, int64([3, -1])])[0]
    assert.equal([reshaped.type, reshaped.dims, values(reshaped)], [type, [3, 2], list])
    const padded = evaluate('Pad', [x, int64([1, 0]), null, int64([1])])[0]
    assert.equal(values(padded).map(Number), [0, 1, 0, 1, 0, 1, 0, 0])
    const filled = evaluate('Pad', [x, int64([0, 1]), of(type, [list[0]], []), int64([1])])[0]
    assert.equal(values(filled).map(Number), [1, 0, 1, 1, 1, 0, 0, 1])
    assert.equal(evaluate('Identity', [x])[0], x)
  }
})

test('Reshape with a literal 0', () => {
  const x = of('int64', [], [0, 3, 4])
  assert.equal(evaluate('Reshape', [x, int64([3, 4, 0])], { allowzero: 1 })[0].dims, [3, 4, 0])
  assert.ok(
    messageOf(UnsupportedError, () => evaluate('Reshape', [float([1]), int64([0])], { allowzero: 1 })).includes(
      'allowzero',
    ),
  )
})

test('reductions of integers', () => {
  const x = of('int64', [5n, -3n, 7n, 2n], [2, 2])
  assert.equal(first('ReduceSum', [x, int64([0])], { keepdims: 0 }), [12n, -1n])
  assert.equal(first('ReduceMax', [x]), [7n])
  assert.equal(first('ReduceMean', [of('int32', [-3, 0], [2])]), [-1])
  assert.equal(first('ReduceMax', [of('bool', [0, 0, 0, 1], [2, 2]), int64([1])]), [0, 1])
  assert.equal(first('ReduceMax', [of('int8', [], [0, 2]), int64([0])]), [-128, -128])
  assert.equal(first('ReduceSum', [x, int64([])], { noop_with_empty_axes: 1 }), [5n, -3n, 7n, 2n])
  assert.equal(first('ReduceSum', [of('int32', [2 ** 31 - 1, 1])]), [-(2 ** 31)])
  assert.equal(first('ReduceMean', [of('float64', [0.1, 0.2])]), [(0.1 + 0.2) / 2])
  assert.equal(first('ReduceMean', [x], { axes: [1], keepdims: 0 }, { opset: 13 }), [1n, 4n])
})

test('Clip of types that graphs do not hold', () => {
  assert.equal(first('Clip', [of('int64', [-5n, 0n, 9n]), of('int64', [-1n], []), of('int64', [3n], [])]), [
    -1n,
    0n,
    3n,
  ])
  assert.equal(first('Clip', [of('float64', [-5, 9]), null, of('float64', [0.5], [])]), [-5, 0.5])
  assert.equal(first('Clip', [of('float16', [7]), of('float16', [2], []), of('float16', [1], [])]), [1])
})

test('MaxPool with indices', () => {
  const x = float([1, 5, 2, 8, 3, 4, 7, 6, 9], [1, 1, 3, 3])
  const pool = (attributes: Readonly<Record<string, AttributeInput>>) =>
    evaluate('MaxPool', [x], { kernel_shape: [2, 2], ...attributes }, { outputs: 2 }).map(values)
  assert.equal(pool({}), [
    [8, 5, 8, 9],
    [3n, 1n, 3n, 8n],
  ])
  assert.equal(pool({ storage_order: 1 })[1], [1n, 3n, 1n, 8n])
  assert.equal(pool({ auto_pad: 'SAME_UPPER', strides: [2, 2] })[0], [8, 4, 7, 9])
  assert.equal(pool({ ceil_mode: 1, strides: [2, 2] })[1], [3n, 5n, 6n, 8n])
  assert.equal(pool({ dilations: [2, 2] })[0], [9])
  const codes = evaluate('MaxPool', [of('int8', [-5, -6, -7], [1, 1, 3])], { kernel_shape: [2], pads: [1, 0] })[0]
  assert.equal([codes.type, values(codes)], ['int8', [-5, -5, -6]])
})

test('convolutions in three dimensions', () => {
  const x = float([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 2, 2])
  const w = float([1, 0, 0, 0, 0, 0, 0, 10], [1, 1, 2, 2, 2])
  assert.equal(first('Conv', [x, w, float([0.5])]), [81.5])
  // The corners of the padded cube see either the first or the last tap; its middle sees both.
  const same = evaluate('Conv', [x, w], { auto_pad: 'SAME_LOWER' })[0]
  assert.equal(
    [same.dims, values(same)],
    [
      [1, 1, 2, 2, 2],
      [10, 20, 30, 40, 50, 60, 70, 81],
    ],
  )
  const up = evaluate('ConvTranspose', [float([1, 2], [1, 1, 1, 1, 2]), w], { strides: [1, 1, 2] })[0]
  assert.equal(
    [up.dims, values(up)],
    [
      [1, 1, 2, 2, 4],
      [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 20],
    ],
  )
  const cut = evaluate('ConvTranspose', [x, float([1, 1], [1, 2, 1, 1, 1]), float([0, 9])], {
    pads: [1, 0, 0, 0, 0, 0],
  })[0]
  assert.equal(
    [cut.dims, values(cut)],
    [
      [1, 2, 1, 2, 2],
      [5, 6, 7, 8, 14, 15, 16, 17],
    ],
  )
  const two = evaluate('Conv', [float([1, 2], [1, 2, 1, 1, 1]), float([3, 5], [2, 1, 1, 1, 1])], { group: 2 })[0]
  assert.equal(
    [two.dims, values(two)],
    [
      [1, 2, 1, 1, 1],
      [3, 10],
    ],
  )
  assert.ok(messageOf(ShapeError, () => evaluate('Conv', [x, float([1], [1, 1, 3, 1, 1])])).includes('Conv'))
})

test('batch norm in training mode', () => {
  const channel = (value: number) => float([value], [1])
  const x = float([1, 3], [2, 1])
  const inputs = [x, channel(2), channel(10), channel(0), channel(1)]
  const outputs = evaluate(
    'BatchNormalization',
    inputs,
    { training_mode: 1, epsilon: { float: 3 }, momentum: 0.5 },
    { outputs: 3 },
  )
  // Mean 2, variance 1: (x - 2) / sqrt(1 + 3) * 2 + 10; running 0.5 * 0 + 0.5 * 2 and 0.5 * 1 + 0.5 * 1.
  assert.equal(outputs.map(values), [[9, 11], [1], [1]])
})

test('Dropout keeps everything, and its mask says so', () => {
  const [y, mask] = evaluate('Dropout', [float([1, 2]), float([0.7], [])], {}, { outputs: 2 })
  assert.equal([values(y), mask.type, values(mask)], [[1, 2], 'bool', [1, 1]])
  const training = [float([1, 2]), float([0.5], []), of('bool', [1], [])]
  assert.ok(messageOf(UnsupportedError, () => evaluate('Dropout', training)).includes('random draws are not defined'))
  assert.equal(first('Dropout', [float([1, 2]), float([0], []), of('bool', [1], [])]), [1, 2])
})

test('constants', () => {
  assert.equal(evaluate('Constant', [], { value_ints: [3, -4] })[0], int64([3, -4]))
  assert.equal(evaluate('Constant', [], { value_float: 0.5 })[0], float([0.5], []))
  assert.equal(evaluate('Constant', [], { value_int: 7 })[0], int64([7], []))
  assert.equal(evaluate('ConstantOfShape', [int64([2])], { value: of('uint8', [9]) })[0], of('uint8', [9, 9]))
  assert.equal(evaluate('ConstantOfShape', [int64([])])[0], float([0], []))
  assert.equal(first('Shape', [of('float64', [], [4, 0, 2])], { start: -2 }), [0n, 2n])
  assert.ok(messageOf(FormatError, () => evaluate('Constant', [])).includes('no value'))
})

test('codes of the types that graphs do not hold', () => {
  const scale = float([2])
  assert.equal(first('QuantizeLinear', [float([-9, 1, 3, 5, 9]), scale, of('int2', [0])]), [-2, 0, 1, 1, 1])
  assert.equal(first('QuantizeLinear', [float([-1, 9]), scale, of('uint2', [1])]), [1, 3])
  assert.equal(first('QuantizeLinear', [float([3, 1000]), scale, of('float8e5m2', [0])]), [1.5, 512])
  assert.equal(first('DequantizeLinear', [of('int2', [-2, 1]), scale, of('int2', [1])]), [-6, 0])
  const half = evaluate('DequantizeLinear', [of('float8e4m3fn', [1.5]), of('float16', [0.5])])[0]
  assert.equal([half.type, values(half)], ['float16', [0.75]])
  const whole = evaluate('DequantizeLinear', [of('int8', [5]), of('float16', [0.5])])[0]
  assert.equal([whole.type, values(whole)], ['float16', [2.5]])
  const narrow = evaluate('DequantizeLinear', [of('uint8', [5]), of('float16', [0.5])], { output_dtype: 1 })[0]
  assert.equal([narrow.type, values(narrow)], ['float32', [2.5]])
  // 500.5 steps are a tie, and go to 500.
  assert.equal(first('QuantizeLinear', [of('float16', [1001]), of('float16', [2]), of('int16', [1])]), [501])
  // 601.3 steps; float16 has halves there and makes it 601.5, a tie that goes to 602.
  const [x, y, zero] = [float([1202.6]), float([2]), of('int16', [0])]
  assert.equal(first('QuantizeLinear', [x, y, zero], { precision: 1 }, { opset: 23 }), [601])
  assert.equal(first('QuantizeLinear', [x, y, zero], { precision: 10 }, { opset: 23 }), [602])
})

test('Resize in the forms that are only evaluated', () => {
  const x = float([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [4, 4])
  // Values of the test ResizeOpLinearDownSampleTest_tf_crop_and_resize of ONNX Runtime.
  const crop = { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' }
  const cropped = evaluate('Resize', [x, float([0.4, 0.6, 0.6, 0.8]), null, int64([3, 3])], crop)[0]
  assertClose(cropped.data as Float32Array, [7.6, 7.9, 8.2, 8.8, 9.1, 9.4, 10, 10.3, 10.6])
  // Beyond the last element is the extrapolation value.
  const outside = { ...crop, extrapolation_value: { float: 10 } }
  const beyond = evaluate('Resize', [float([1, 2]), float([0, 2]), null, int64([3])], outside)[0]
  assert.equal(values(beyond), [1, 2, 10])
  // Examples of the operator's text.
  const cubic = evaluate('Resize', [x, null, float([2, 2])], { mode: 'cubic' })[0]
  assertClose((cubic.data as Float32Array).subarray(0, 4), [0.47265625, 0.76953125, 1.24609375, 1.875])
  const smooth = evaluate('Resize', [x, null, float([0.6, 0.6])], { mode: 'linear', antialias: 1 })[0]
  assertClose(smooth.data as Float32Array, [2.875, 4.5, 9.375, 11])
  const region = { coordinate_transformation_mode: 'tf_crop_and_resize', nearest_mode: 'floor' }
  const picked = evaluate('Resize', [x, float([0, 0, 1, 1]), float([0.5, 0.5])], region)[0]
  assert.equal(
    [picked.dims, values(picked)],
    [
      [2, 2],
      [1, 4, 13, 16],
    ],
  )
  const kept = { mode: 'cubic', keep_aspect_ratio_policy: 'not_larger', axes: [-1, 0] }
  assert.equal(evaluate('Resize', [x, null, null, int64([8, 6])], kept)[0].dims, [6, 6])
  const corners = { mode: 'cubic', coordinate_transformation_mode: 'align_corners' }
  const stretched = values(evaluate('Resize', [float([0, 1, 2, 3]), null, null, int64([7])], corners)[0])
  assert.equal([stretched[0], stretched[6]], [0, 3])
  const bad = { mode: 'cubic', coordinate_transformation_mode: 'sideways' }
  assert.ok(messageOf(ShapeError, () => evaluate('Resize', [x, null, float([2, 2])], bad)).includes("'sideways'"))
  assert.ok(messageOf(ShapeError, () => evaluate('Resize', [x, null, float([2])], corners)).includes('for 2 axes'))
  // At -0.25 of four elements the cubic weights of -2 and -1 leave, of the others those at 0.25 and 1.25.
  const weights = [0.87890625, -0.10546875]
  const sum = weights[0] + weights[1]
  const excluded = evaluate('Resize', [float([1, 2, 3, 4]), null, float([2])], { mode: 'cubic', exclude_outside: 1 })[0]
  assertClose((excluded.data as Float32Array).subarray(0, 1), [(weights[0] + 2 * weights[1]) / sum])
})

test('a model is run node by node, and says what it lacks', () => {
  const m = model({
    inputs: [info('x', [2], 'int32')],
    outputs: ['y'],
    nodes: [node('Neg', 'x', 'n'), node('Cast', 'n', 'f', { to: 1 }), node('Sqrt', 'f', 'y')],
  })
  assert.equal(evaluateModel(m, new Map([['x', of('int32', [-4, -9])]])).get('y'), float([2, 3]))
  assert.ok(messageOf(FormatError, () => evaluateModel(m, new Map())).includes("reads 'x', which has no value"))
  const unknown = { ...m, graph: { ...m.graph, nodes: [node('If', 'x', 'y'), node('Loop', 'x', 'z')] } }
  const message = messageOf(UnsupportedError, () => evaluateModel(unknown, new Map()))
  assert.ok(message.includes("'y' (If)") && message.includes("'z' (Loop)"), message)
})

test.run()
