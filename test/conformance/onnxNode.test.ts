import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type NodeTestCase, runNodeTest } from '../../models/onnx/import/nodeTests.ts'
import { onnxOperators } from '../../models/onnx/import/operators/table.ts'
import { sharedPath } from '../support/npy.ts'

const test = suite('ONNX backend node tests')
const folder = sharedPath('conformance/onnx-node')
const unsupported = new Map<string, string>()

function tensorFiles(directory: string, kind: 'input' | 'output'): Uint8Array[] {
  const files: Uint8Array[] = []
  for (let i = 0; existsSync(join(directory, `${kind}_${i}.pb`)); i++) {
    files.push(readFileSync(join(directory, `${kind}_${i}.pb`)))
  }
  return files
}

function readCase(directory: string, name: string): NodeTestCase {
  const dataSets = readdirSync(join(directory, name))
    .filter((entry) => entry.startsWith('test_data_set_'))
    .map((entry) => {
      const data = join(directory, name, entry)
      return { inputs: tensorFiles(data, 'input'), outputs: tensorFiles(data, 'output') }
    })
  return { name, model: readFileSync(join(directory, name, 'model.onnx')), dataSets }
}

if (folder === null) {
  test('are skipped: the shared folder is not beside the repository', () => {
    console.log('ONNX node tests: skipped, ../shared/conformance/onnx-node is missing')
  })
} else {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'model.onnx')))
  for (const name of names.sort()) {
    test(name, () => {
      const result = runNodeTest(readCase(folder, name))
      if (result.status === 'unsupported') unsupported.set(name, result.reason)
      else assert.is(result.status, 'passed', result.status === 'failed' ? result.reason : '')
    })
  }
  test('only operators that are not read here, and types that are no tensors, are unsupported', () => {
    for (const [name, reason] of unsupported) console.log(`  unsupported ${name}: ${reason.replaceAll('\n', ' ')}`)
    for (const [name, reason] of unsupported) {
      const operator = /\((\w+)\): the operator/.exec(reason)?.[1]
      const isUnknown = operator !== undefined && !onnxOperators.has(operator)
      assert.ok(isUnknown || reason.includes('no tensor of a type'), `${name}: ${reason}`)
    }
  })
}

test.run()
