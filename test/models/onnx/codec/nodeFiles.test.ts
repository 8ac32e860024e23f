import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { decodeModel, decodeTensor } from '../../../../models/onnx/codec/decode.ts'
import { encodeModel, encodeTensor } from '../../../../models/onnx/codec/encode.ts'
import { sharedPath } from '../../../support/npy.ts'

const test = suite("files of ONNX's node tests")
const folder = sharedPath('conformance/onnx-node')
const read = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(...path)))
const cases = folder === null ? [] : readdirSync(folder).filter((name) => name.startsWith('test_'))

/** Sequences and optionals, which are no tensors: their types are not kept, and their .pb files are refused. */
const withoutTensors = ['test_identity_opt', 'test_identity_sequence', 'test_split_to_sequence']
const hasOtherTypes = (name: string): boolean => withoutTensors.some((prefix) => name.startsWith(prefix))

test('every model is read, and written again as the same bytes', () => {
  let same = 0
  for (const name of cases) {
    const bytes = read(folder as string, name, 'model.onnx')
    const model = decodeModel(bytes)
    const again = encodeModel(model)
    assert.equal(decodeModel(again), model, name)
    if (hasOtherTypes(name)) continue
    assert.equal(again, bytes, name)
    same++
  }
  console.log(`${same} of ${cases.length} models are written as ONNX's own library wrote them`)
})

test('every tensor is read, and written again as the same bytes or, from a typed field, the same values', () => {
  let same = 0
  let typed = 0
  const refused: string[] = []
  for (const name of cases) {
    for (const set of readdirSync(join(folder as string, name)).filter((entry) => entry.startsWith('test_data_set'))) {
      for (const file of readdirSync(join(folder as string, name, set))) {
        const bytes = read(folder as string, name, set, file)
        try {
          const { name: label, tensor } = decodeTensor(bytes)
          const again = encodeTensor(label, tensor)
          const equal = Buffer.compare(again, bytes) === 0
          if (equal) same++
          else {
            // Spread, since NaN equals itself in arrays only.
            const { tensor: second } = decodeTensor(again)
            assert.equal(
              { ...second, data: [...second.data] },
              { ...tensor, data: [...tensor.data] },
              `${name} ${file}`,
            )
            typed++
          }
        } catch (error) {
          assert.ok(error instanceof FormatError || error instanceof UnsupportedError, `${name} ${file}: ${error}`)
          refused.push(name)
        }
      }
    }
  }
  console.log(`${same} tensors as the same bytes, ${typed} from typed fields; no tensors: ${refused.join(', ')}`)
  assert.equal(
    refused.filter((name) => !hasOtherTypes(name)),
    [],
  )
})

test('a real model and a real tensor, cut short at every byte', () => {
  for (const name of cases.filter((entry) => /conv|dequantizelinear_blocked|batchnorm/.test(entry)).slice(0, 3)) {
    const bytes = read(folder as string, name, 'model.onnx')
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(
        () => decodeModel(bytes.subarray(0, end)),
        (error: unknown) => error instanceof FormatError,
      )
    }
    const tensor = read(folder as string, name, 'test_data_set_0', 'input_0.pb')
    for (let end = 0; end < tensor.length; end++) {
      assert.throws(
        () => decodeTensor(tensor.subarray(0, end)),
        (error: unknown) => error instanceof FormatError,
      )
    }
  }
})

if (folder !== null) test.run()
