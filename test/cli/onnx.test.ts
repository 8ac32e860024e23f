import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeModel } from '../../models/onnx/codec/decode.ts'
import { decodeProgram } from '../../quant/integer/programFile.ts'
import { type Result, runCommand, temporaryFolder } from './command.ts'

const test = suite('command line: ONNX')
const { folder, remove } = temporaryFolder()
test.after(remove)

const run = (args: string[]): Promise<Result> => runCommand(folder, args)

/** Runs a command that must succeed, and returns what --json printed. */
async function json(args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run([...args, '--json'])
  assert.is(status, 0, stderr)
  return JSON.parse(stdout)
}

/** Checks that a command is refused as bad usage or an unusable file. */
async function refused(args: string[], message: RegExp): Promise<void> {
  const { status, stderr } = await run(args)
  assert.is(status, 2, stderr)
  assert.match(stderr, message)
}

const short = ['--data', 'synthetic:count=192', '--batch', '32', '--epochs', '2', '--seed', '1', '--quiet']

test('training an exported model gives the checkpoint of the zoo model, and so does going on from it', async () => {
  await json(['export', '--model', 'lenet', '--input', '1,16,16', '--seed', '1', '--out', 'fresh.onnx'])
  const zoo = await json(['train', '--model', 'lenet', ...short, '--out', 'zoo'])
  const imported = await json(['train', '--model', 'fresh.onnx', ...short, '--out', 'imported'])
  assert.is(imported.sha256, zoo.sha256)

  // Clip nodes, which the export step adds, would make it another graph.
  const float = ['--method', 'float', ...short]
  await json(['train', '--model', 'resnet', '--depth', '8', '--width', '4', ...float, '--out', 'base'])
  await json(['export', 'base', '--out', 'base.onnx'])
  const from = ['train', '--model', 'resnet', '--depth', '8', '--width', '4', '--from', 'base', ...short]
  const continued = await json([...from, '--out', 'continued'])
  const again = await json(['train', '--model', 'base.onnx', ...short, '--out', 'again'])
  assert.is(again.sha256, continued.sha256)
})

test('a run of an ONNX file is evaluated and exported like any other', async () => {
  const result = await json(['eval', 'imported', '--limit', '20', '--quiet', '--calibration', '20'])
  assert.ok((result.backends as unknown[]).length > 0)
  for (const form of ['qdq', 'qlinear', 'program']) {
    const out = `imported.${form}`
    await json(['export', 'imported', '--form', form, '--backend', 'onnx-spec', '--calibration', '20', '--out', out])
    const bytes = readFileSync(join(folder, out))
    if (form === 'program') assert.is(decodeProgram(bytes).header.backend, 'onnx-spec')
    else assert.ok(decodeModel(bytes).graph.nodes.some(({ op }) => op === 'QuantizeLinear'))
  }
})

test('what cannot be trained or exported is refused in words', async () => {
  writeFileSync(join(folder, 'broken.onnx'), readFileSync(join(folder, 'fresh.onnx')).subarray(0, 1000))
  await refused(['train', '--model', 'broken.onnx', ...short], /broken\.onnx/)
  await refused(['train', '--model', 'missing.onnx', ...short], /missing\.onnx.*no such file/)
  await refused(['train', '--model', 'fresh.onnx', '--depth', '8', ...short], /--depth.*no such option/)
  await refused(['train', '--model', 'fresh.onnx', '--from', 'base', ...short], /leave out one/)
  await refused(['train', '--model', 'lenet', '--from', 'base', ...short], /parameters do not fit/)
  await json(['export', '--model', 'lenet', '--out', 'other.onnx'])
  await refused(['train', '--model', 'other.onnx', ...short], /\[\?, 1, 28, 28\].*\[\?, 1, 16, 16\]/)
  await refused(['export', 'base', '--out', 'x.onnx', '--form', 'qdq'], /needs --backend/)
  await refused(['export', 'base', '--out', 'x.onnx', '--backend', 'onnx-spec'], /float is not compiled/)
  await refused(['export', '--out', 'x.onnx'], /run folder is missing/)
})

test.run()
