import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, NumericError, ShapeError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { encodeModel } from '../../../../models/onnx/codec/encode.ts'
import { exportQdq, exportQLinear } from '../../../../models/onnx/export/exportProgram.ts'
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../../../models/onnx/model.ts'
import { programFromOnnx } from '../../../../models/onnx/quantised/programFromOnnx.ts'
import { findBackend } from '../../../../quant/backends/index.ts'
import { compile } from '../../../../quant/integer/compile.ts'
import { IntegerSession } from '../../../../quant/integer/session.ts'
import { images, randomParameters, smallNetwork } from '../../../quant/integer/models.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { type AttributeInput, float, info, int64, model, node } from '../import/build.ts'

const test = suite('quantised ONNX models that are refused')
const onnx = findBackend('onnx-spec')

const bytes = (values: readonly number[], dims: readonly number[], type: 'int8' | 'uint8' = 'int8'): OnnxTensor =>
  type === 'int8' ? { type, dims, data: Int8Array.from(values) } : { type, dims, data: Uint8Array.from(values) }
const int32 = (values: readonly number[]): OnnxTensor => ({
  type: 'int32',
  dims: [values.length],
  data: Int32Array.from(values),
})

const constants: Readonly<Record<string, OnnxTensor>> = {
  half: float([0.5], []),
  one: float([1], []),
  halves: float([0.5, 0.25]),
  z3: bytes([3], [], 'uint8'),
  w: bytes([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]),
  w1: bytes([1], []),
  ws: bytes([0, 1], [2]),
  b: int32([1, 2]),
}
const begin = [node('QuantizeLinear', 'x half z3', 'xq'), node('DequantizeLinear', 'xq half z3', 'xd')]
const end = [node('QuantizeLinear', 'r one z3', 'rq'), node('DequantizeLinear', 'rq one z3', 'y')]
const layer = [node('DequantizeLinear', 'w half', 'wd'), node('Gemm', 'xd wd', 'r', { transB: 1 })]

function net(nodes: readonly OnnxNode[], more: Readonly<Record<string, OnnxTensor>> = {}, opset = 18): OnnxModel {
  const inputs = [info('x', ['N', 4])]
  return model({ inputs, outputs: ['y'], initialisers: { ...constants, ...more }, nodes }, opset)
}

/** The one problem of a model, or all of them. */
function refusal(parts: OnnxModel, backend = onnx): string {
  return messageOf(UnsupportedError, () => programFromOnnx(encodeModel(parts), backend))
}

test('everything at once, by node', () => {
  const nodes = [
    ...begin,
    node('DequantizeLinear', 'w half w1', 'wd', {}, { name: 'weights' }),
    node('Gemm', 'xd wd', 'g', { transB: 1 }, { name: 'gemm' }),
    node('Erf', 'xd', 'e', {}, { name: 'erf' }),
    node('QLinearAdd', 'xq half z3 xq half z3 one z3', 'a', {}, { name: 'sum', domain: 'com.microsoft' }),
    node('Conv', 'xd half', 'c', {}, { name: 'conv' }),
    node('LSTM', 'e', 'r'),
    ...end,
  ]
  const message = refusal(net(nodes))
  for (const part of [
    'program from ONNX model net, back end onnx-spec: 5 problems',
    "node 'gemm' (Gemm): its int8 weight has zero point 1; weights of back end onnx-spec are symmetric and want 0",
    "node 'erf' (Erf): the operator is not read",
    "node 'sum' (QLinearAdd): the operator of domain 'com.microsoft' is not read",
    "node 'conv' (Conv): its weight is not a constant behind DequantizeLinear",
    "node 'r' (LSTM): the operator is not read",
  ]) {
    assert.ok(message.includes(part), `${part}\n${message}`)
  }
})

const cases: readonly (readonly [what: string, parts: OnnxModel, message: RegExp])[] = [
  [
    'a zero point for each channel',
    net([...begin, node('DequantizeLinear', 'w halves ws', 'wd', { axis: 0 }), layer[1], ...end]),
    /node 'wd' \(DequantizeLinear\): constant codes with a zero point a channel/,
  ],
  [
    'scales along the inputs',
    net([...begin, node('DequantizeLinear', 'w s4', 'wd', { axis: 1 }), layer[1], ...end], { s4: float([1, 1, 1, 1]) }),
    /its weight has scales along axis 1; wanted its output channels, axis 0/,
  ],
  [
    'a bias of another scale',
    net([
      ...begin,
      layer[0],
      node('DequantizeLinear', 'b half', 'bd'),
      node('Gemm', 'xd wd bd', 'r', { transB: 1 }),
      ...end,
    ]),
    /its bias has scale 0.5; wanted s_x \* s_w, 0.25/,
  ],
  [
    'a float bias beyond int32',
    net([...begin, layer[0], node('Gemm', 'xd wd big', 'r', { transB: 1 }), ...end], { big: float([1e10, 0]) }),
    /its bias 10000000000 is beyond int32/,
  ],
  [
    'an accumulator that could overflow',
    net([...begin, layer[0], node('Gemm', 'xd wd big', 'r', { transB: 1 }), ...end], { big: float([536870880, 0]) }),
    /step 'r', channel 0: the accumulator may reach/,
  ],
  [
    'a result without a quantiser',
    net([...begin, ...layer, node('Add', 'r r', 'y')]),
    /its input 'r' is not quantised/,
  ],
  [
    'an output without a quantiser',
    net([...begin, node('Sigmoid', 'xd', 'y')]),
    /output 'y' is not behind a DequantizeLinear/,
  ],
  [
    'an unquantised input',
    net([layer[0], node('Gemm', 'x wd', 'r', { transB: 1 }), ...end]),
    /its input 'x' is not quantised/,
  ],
  ['a constant operand', net([...begin, node('Add', 'xd half', 'r'), ...end]), /its input 'half' is a constant/],
  [
    'another quantiser at the reader',
    net([begin[0], node('DequantizeLinear', 'xq one z3', 'xd'), ...layer, ...end]),
    /it reads 'x' with another quantiser/,
  ],
  [
    'a computed scale',
    net([node('DynamicQuantizeLinear', 'x', 'xq s z'), node('DequantizeLinear', 'xq s z', 'y')]),
    /the operator is not read/,
  ],
  [
    'blocks',
    net([node('QuantizeLinear', 'x half z3', 'xq', { block_size: 2 }), begin[1], ...layer, ...end]),
    /quantisation in blocks/,
  ],
  [
    'softmax along the batch',
    net([...begin, node('Softmax', 'xd', 'r', { axis: 0 }), ...end]),
    /it normalises along the batch/,
  ],
  ['a transpose of the batch', net([...begin, node('Transpose', 'xd', 'r'), ...end]), /it moves the batch/],
  [
    'a reshape of the batch',
    net([...begin, node('Reshape', 'xd shape', 'r'), ...end], { shape: int64([0, 2]) }),
    /shape \[0, 2\] of \[\?, 4\] does not keep the batch/,
  ],
  ['an older operator set', net([...begin, ...layer, ...end], {}, 12), /operator set 12; wanted 13 to 25/],
]

for (const [what, parts, message] of cases) {
  test(what, () => assert.match(refusal(parts), message))
}

test('alpha and beta of Gemm, an unknown attribute', () => {
  const gemm = (attributes: Record<string, AttributeInput>): OnnxModel =>
    net([...begin, layer[0], node('Gemm', 'xd wd', 'r', { transB: 1, ...attributes }), ...end])
  assert.match(refusal(gemm({ alpha: { float: 2 } })), /node 'r' \(Gemm\): wanted transA 0, alpha 1, beta 1/)
  assert.match(refusal(gemm({ fast: 1 })), /node 'r' \(Gemm\): its attribute 'fast' is not read here/)
})

test('rows of an image where an operator wants images', () => {
  const nodes = [...begin, node('Reshape', 'xq shape', 'q'), node('DequantizeLinear', 'q half z3', 'd')]
  const parts = net([...nodes, node('Sigmoid', 'd', 'r'), ...end], { shape: int64([-1, 2]) })
  assert.match(refusal(parts), /'x' is \[\?, 2\] with 2 rows an image; only linear layers take such/)
})

test('inputs and outputs of another kind', () => {
  const parts = net([...begin, ...layer, ...end])
  const withInputs = (inputs: OnnxModel['graph']['inputs']): OnnxModel => ({
    ...parts,
    graph: { ...parts.graph, inputs },
  })
  assert.match(refusal(withInputs([info('x', ['N', 4], 'uint8')])), /input 'x' is uint8; wanted float32/)
  assert.match(refusal(withInputs([info('x', ['N', 'C'])])), /input 'x' is \[N, C\]; only the batch may be unknown/)
  assert.match(refusal(withInputs([info('x', ['N', 4]), info('z', ['N'])])), /2 inputs; wanted one/)
  const outputs = [info('y', null), info('rq', null, 'uint8')]
  assert.match(refusal({ ...parts, graph: { ...parts.graph, outputs } }), /2 outputs; wanted one/)
})

test('what a back end lacks: widths, granularity, zero points, powers of two, prescribed outputs', () => {
  const parts = net([...begin, ...layer, ...end])
  assert.match(
    refusal(parts, findBackend('pow2-tensor-npu')),
    /zero point 3 of uint8 activations; back end pow2-tensor-npu is symmetric and wants 128/,
  )
  const perChannel = net([...begin, node('DequantizeLinear', 'w halves', 'wd', { axis: 0 }), layer[1], ...end])
  assert.match(
    refusal(perChannel, findBackend('dsp-asym-tensor')),
    /its weight has 2 scales; back end dsp-asym-tensor has one a layer/,
  )
  const sigmoid = net([...begin, node('Sigmoid', 'xd', 'r'), ...end])
  assert.match(refusal(sigmoid, findBackend('dsp-asym-tensor')), /back end dsp-asym-tensor has no Sigmoid/)
  assert.match(
    refusal(sigmoid, findBackend('tflm')),
    /scale 1 and zero point -125; back end tflm prescribes 0.00390625 and -128/,
  )
  const narrow = net([...begin, ...layer, ...end], { w: bytes([-128, 0, 0, 0], [1, 4]) })
  assert.match(refusal(narrow, findBackend('tflm')), /its weight has a code below -127/)
  const odd = net([node('QuantizeLinear', 'x s z', 'xq'), node('DequantizeLinear', 'xq s z', 'y')], {
    s: float([0.3], []),
    z: bytes([0], []),
  })
  assert.match(
    refusal(odd, findBackend('pow2-tensor-npu')),
    /scale 0.30000001192092896; back end pow2-tensor-npu wants powers of two/,
  )
  const wide: OnnxTensor = { type: 'int16', dims: [], data: Int16Array.of(0) }
  assert.match(
    refusal(net([...begin, ...layer, ...end], { z3: wide })),
    /its activation type is int16; wanted uint8, int8/,
  )
})

test('a model that contradicts itself', () => {
  const bad = net([...begin, ...layer, ...end], { w: bytes([1, 2, 3], [1, 3]) })
  assert.match(refusal(bad), /node 'r' \(Gemm\): its weight takes 3 features, its input is \[\?, 4\]/)
  assert.match(
    refusal(net([...begin, ...layer, ...end], { half: float([0], []) })),
    /its scale is 0; wanted positive finite numbers/,
  )
})

test('mutated files are refused in words, or run', () => {
  const graph = smallNetwork()
  const program = compile(graph, randomParameters(graph, 5), onnx, {
    calibration: [images(new RandomStream(4, 'calibration'), 2, [3, 9, 8])],
  })
  const random = new RandomStream(11, 'mutations')
  const image = images(random, 1, [3, 9, 8])
  const kinds = [FormatError, NumericError, ShapeError, UnsupportedError]
  let ran = 0
  for (const form of [exportQdq, exportQLinear]) {
    const original = encodeModel(form(program))
    for (let round = 0; round < 300; round++) {
      const mutated = original.slice(0, random.integer(20) === 0 ? random.integer(original.length) : original.length)
      for (let n = random.integer(3); n >= 0 && mutated.length > 0; n--) {
        mutated[random.integer(mutated.length)] ^= 1 << random.integer(8)
      }
      try {
        const found = programFromOnnx(mutated, onnx, { elements: 2 ** 20, fields: 2 ** 16 })
        if (ran++ % 20 === 0 && found.header.values[0].shape.join() === '3,9,8') new IntegerSession(found).run(image)
      } catch (error) {
        assert.ok(
          kinds.some((kind) => error instanceof kind),
          `${error}`,
        )
      }
    }
  }
  assert.ok(ran > 30, `${ran} ran`)
})

test.run()
