import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeModel, encodeTensor } from '../../../../models/onnx/codec/encode.ts'
import { compareTensors, runNodeTest } from '../../../../models/onnx/import/nodeTests.ts'
import type { OnnxTensor } from '../../../../models/onnx/model.ts'
import { float, info, int64, model, node } from './build.ts'

const test = suite('ONNX node test runner')

test('integers are compared exactly, floats within rtol 1e-3 and atol 1e-7, types and shapes too', () => {
  assert.is(compareTensors(float([1, Number.NaN, -0]), float([1.0009, Number.NaN, 0])), null)
  assert.is(compareTensors(float([5e-8]), float([-4e-8])), null)
  assert.is(compareTensors(float([Number.POSITIVE_INFINITY]), float([Number.POSITIVE_INFINITY])), null)
  for (const [got, expected] of [
    [float([1.0011]), float([1])],
    [float([0]), float([2e-7])],
    [float([Number.NaN]), float([1])],
    [float([1]), float([Number.NaN])],
    [float([Number.POSITIVE_INFINITY]), float([Number.NEGATIVE_INFINITY])],
    [float([3e38]), float([Number.POSITIVE_INFINITY])],
    [int64([1000001]), int64([1000000])],
    [float([1]), int64([1])],
    [float([1]), float([1], [])],
  ] satisfies [OnnxTensor, OnnxTensor][]) {
    assert.type(compareTensors(got, expected), 'string')
  }
  assert.is(compareTensors(int64([1, 2, 4]), int64([1, 3, 5])), '2 of 3 elements differ; element 1 is 2, expected 3')
})

const neg = encodeModel(model({ inputs: [info('x', [2])], outputs: ['y'], nodes: [node('Neg', 'x', 'y')] }))
const bytes = (tensor: OnnxTensor): Uint8Array => encodeTensor('', tensor)

test('a case passes, fails or is unsupported', () => {
  const run = (outputs: OnnxTensor[], onnx = neg) => {
    const dataSets = [{ inputs: [bytes(float([1, -2]))], outputs: outputs.map(bytes) }]
    return runNodeTest({ name: 'test_neg', model: onnx, dataSets })
  }
  assert.equal(run([float([-1, 2])]), { name: 'test_neg', status: 'passed' })
  const wrong = run([float([-1, -2])])
  assert.equal(wrong, {
    name: 'test_neg',
    status: 'failed',
    reason: 'output 0: 1 of 2 elements differ; element 1 is 2, expected -2',
  })
  assert.is(run([float([-1, 2]), float([1])]).status, 'failed')
  assert.is(run([float([-1, 2])], neg.subarray(0, 20)).status, 'failed')
  assert.is(runNodeTest({ name: 'empty', model: neg, dataSets: [] }).status, 'failed')
  const unknown = model({ inputs: [info('x', [2])], outputs: ['y'], nodes: [node('Acos', 'x', 'y')] })
  const result = run([float([1, 2])], encodeModel(unknown))
  assert.is(result.status, 'unsupported')
  assert.ok(result.status === 'unsupported' && result.reason.includes('Acos'))
})

test.run()
