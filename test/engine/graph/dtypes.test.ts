import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { encodeSafetensors } from '../../../engine/base/safetensors.ts'
import { type FloatTensor, type Tensor, tensor } from '../../../engine/core/tensor.ts'
import { checkGraph } from '../../../engine/graph/checkGraph.ts'
import { countParameters } from '../../../engine/graph/count.ts'
import type { Graph, ParameterSpec } from '../../../engine/graph/graph.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import type { OperatorTable } from '../../../engine/graph/operator.ts'
import { checkParameters, floatParameter, trainableParameters } from '../../../engine/graph/parameters.ts'
import { GraphRecorder } from '../../../engine/graph/recorder.ts'
import { loadSafetensors } from '../../../engine/graph/safetensors.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import type { Op } from '../../../engine/ops/op.ts'
import { ops } from '../../../engine/ops/table.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('graphs of any dtype and operator table')

/** y = codes * factor: an operator that the engine does not have. */
function decode(factor: number): Op {
  return {
    name: 'Decode',
    shape: ([codes]) => {
      if (codes?.dtype !== 'int8') throw new ShapeError(`Decode: wanted int8, got ${codes?.dtype}`)
      return [{ dtype: 'float32', shape: codes.shape }]
    },
    forward: (context, inputs) => {
      const codes = inputs[0] as Tensor
      const out = context.empty(codes.shape)
      for (let i = 0; i < out.size; i++) out.data[i] = codes.data[i] * factor
      return { outputs: [out] }
    },
    backward: () => [null],
    samples: () => [],
  }
}

const table: OperatorTable = { ...ops, Decode: decode(0.5) }

/** y = relu(x + Decode(codes) * gain). */
function build(): Graph<OpName | 'Decode'> {
  const g = new GraphRecorder<OpName | 'Decode'>('coded', table)
  const x = g.input('x', [null, 3])
  const codes = g.scope('layer', () => g.constant('codes', [3], 'int8'))
  const gain = g.parameter('gain', [], { kind: 'constant', value: 2 })
  const sum = g.node('Add', [x, g.node('Mul', [g.node('Decode', [codes]), gain])])
  return g.finish([['y', g.node('Relu', [sum])]])
}

const coded = build()
const feeds = { x: tensor([1, 1, 1], [1, 3]) }
function values(): Map<string, Tensor> {
  const parameters = initialise(coded, 0)
  parameters.get('layer.codes')?.data.set([-8, 0, 3])
  return parameters
}

test('constants of another dtype are parameters that nothing draws or trains', () => {
  assert.equal(coded.parameters[0], { name: 'layer.codes', shape: [3], dtype: 'int8', trainable: false })
  const fresh = initialise(coded, 0)
  const codes = fresh.get('layer.codes')
  assert.is(codes?.dtype, 'int8')
  assert.equal([...(codes?.data ?? [])], [0, 0, 0])
  const filled: ParameterSpec = { ...coded.parameters[0], initialiser: { kind: 'constant', value: -7 } }
  assert.equal([...(initialise({ ...coded, parameters: [filled] }, 0).get('layer.codes')?.data ?? [])], [-7, -7, -7])
  assert.equal([...trainableParameters(coded, fresh).keys()], ['gain'])
  assert.is(codes?.requiresGrad, false)
  assert.is(countParameters(coded), 1)
})

test('a graph runs with its own table, and gradients flow around the codes', () => {
  const parameters = values()
  trainableParameters(coded, parameters)
  const y = runGraph(coded, parameters, feeds, { operators: table }).y as FloatTensor
  assert.equal([...y.data], [0, 1, 4])
  y.backward(tensor([1, 1, 1], [1, 3]))
  // d/dgain of relu(1 + decoded gain): 0 where the relu is closed, else the decoded value.
  assert.is(floatParameter(parameters, 'gain').grad?.item(), 1.5)
})

test('plans belong to a table: another one computes another result, the default none', () => {
  const doubled: OperatorTable = { ...ops, Decode: decode(1) }
  const run = (operators: OperatorTable) => [...runGraph(coded, values(), feeds, { operators }).y.data]
  assert.equal(run(table), [0, 1, 4])
  assert.equal(run(doubled), [0, 1, 7])
  assert.equal(run(table), [0, 1, 4])
  const unknown = /^graph coded: node 'decode1' \(Decode\): there is no such operator/
  for (const body of [() => runGraph(coded, values(), feeds), () => checkGraph(coded), () => inferShapes(coded)]) {
    assert.match(messageOf(UnsupportedError, body), unknown)
  }
  checkGraph(coded, table)
})

test('shapes carry the dtype of parameters to the operators', () => {
  const specs = inferShapes(coded, table)
  assert.equal(specs.get('layer.codes'), { dtype: 'int8', shape: [3] })
  assert.equal(specs.get('decode1'), { dtype: 'float32', shape: [3] })
  const [codes, gain] = coded.parameters
  const wide = { ...coded, parameters: [{ ...codes, dtype: 'int16' }, gain] } as typeof coded
  assert.match(
    messageOf(ShapeError, () => inferShapes(wide, table)),
    /^graph coded: node 'decode1' \(Decode\): Decode: wanted int8, got int16/,
  )
})

test('taps are shown float parameters only', () => {
  const seen: string[] = []
  const parameter = (name: string, value: FloatTensor) => {
    seen.push(name)
    return value
  }
  runGraph(coded, values(), feeds, { operators: table, tap: { parameter } })
  assert.equal(seen, ['gain'])
})

test('tensors of the wrong dtype are refused, in both directions', () => {
  const parameters = values()
  parameters.set('layer.codes', tensor([1, 2, 3]))
  parameters.set('gain', tensor([1], [], { dtype: 'int32' }))
  assert.is(
    messageOf(ShapeError, () => checkParameters(coded, parameters)),
    "graph coded: the parameters do not fit: 'layer.codes' is float32, wanted int8; 'gain' is int32, wanted float32",
  )
  assert.match(
    messageOf(ShapeError, () => floatParameter(values(), 'layer.codes')),
    /^parameter 'layer.codes': wanted a float32 tensor, got int8/,
  )
  assert.match(
    messageOf(ShapeError, () => floatParameter(values(), 'bias')),
    /^parameter 'bias': there is none of that name/,
  )
})

test('what is not float32 cannot be trainable or random', () => {
  const [codes, gain] = coded.parameters
  const refused = (change: Partial<ParameterSpec>, message: RegExp) =>
    assert.match(
      messageOf(UsageError, () => checkGraph({ ...coded, parameters: [{ ...codes, ...change }, gain] }, table)),
      message,
    )
  refused({ trainable: true }, /^graph coded: parameter 'layer.codes' is int8; only float32 can be trainable/)
  refused({ initialiser: { kind: 'uniform', bound: 1 } }, /'layer.codes' is int8; only float32 can be drawn/)
})

test('a checkpoint keeps codes as they are', () => {
  const { tensors } = loadSafetensors(encodeSafetensors(values()))
  checkParameters(coded, tensors)
  assert.equal([...(tensors.get('layer.codes')?.data ?? [])], [-8, 0, 3])
  assert.equal([...runGraph(coded, tensors, feeds, { operators: table }).y.data], [0, 1, 4])
})

test.run()
