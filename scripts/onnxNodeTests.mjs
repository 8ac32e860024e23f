// `npm run onnx-node-tests -- DIR [--json]`: runs ONNX backend node tests, one folder a case, and names what fails and
// what is not supported. Exit status 0: nothing failed; 1: something did; 2: bad usage.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, install } from './prepare.mjs'
import { root } from './root.mjs'

const USAGE = `npm run onnx-node-tests -- DIR [--json]

Runs every case of DIR: a folder with model.onnx and test_data_set_N/{input,output}_N.pb, as in
onnx/backend/test/data/node of the ONNX project. Integer results must be equal, floating point ones near (rtol 1e-3,
atol 1e-7), types and shapes the same. What is not supported is listed with its reason.

  --json       print {"passed": count, "failed": [name ...], "unsupported": [name ...]} and nothing else
  --no-build   use what has been built
  --help       this text`

function usageError(message) {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}

/** The options of the command line. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        'no-build': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return usageError(error.message)
  }
}

/** The bytes of kind_0.pb, kind_1.pb ... */
function tensorFiles(folder, kind) {
  const files = []
  for (let i = 0; existsSync(join(folder, `${kind}_${i}.pb`)); i++) {
    files.push(readFileSync(join(folder, `${kind}_${i}.pb`)))
  }
  return files
}

function readCase(folder, name) {
  const dataSets = []
  for (let i = 0; existsSync(join(folder, `test_data_set_${i}`)); i++) {
    const data = join(folder, `test_data_set_${i}`)
    dataSets.push({ inputs: tensorFiles(data, 'input'), outputs: tensorFiles(data, 'output') })
  }
  return { name, model: readFileSync(join(folder, 'model.onnx')), dataSets }
}

const { values, positionals } = readArguments()
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
if (positionals.length !== 1) usageError(`wanted one folder of cases, got ${positionals.length}`)
const directory = resolve(process.env.INIT_CWD ?? '.', positionals[0])
if (!existsSync(directory) || !statSync(directory).isDirectory()) usageError(`there is no folder ${directory}`)
const names = readdirSync(directory)
  .filter((name) => existsSync(join(directory, name, 'model.onnx')))
  .sort()
if (names.length === 0) usageError(`no folder in ${directory} holds a model.onnx`)
if (!values['no-build']) {
  install()
  build()
}

const { runNodeTest } = await import(`${root}dist/models/onnx/import/nodeTests.js`)
const results = names.map((name) => runNodeTest(readCase(join(directory, name), name)))
const failed = results.filter(({ status }) => status === 'failed')
const unsupported = results.filter(({ status }) => status === 'unsupported')
const passed = results.length - failed.length - unsupported.length
if (values.json) {
  const list = (some) => some.map(({ name }) => name)
  console.log(JSON.stringify({ passed, failed: list(failed), unsupported: list(unsupported) }))
} else {
  for (const { name, reason } of unsupported) console.log(`unsupported  ${name}: ${reason.replaceAll('\n', ' ')}`)
  for (const { name, reason } of failed) console.log(`failed       ${name}: ${reason}`)
  console.log(`${passed} passed, ${failed.length} failed, ${unsupported.length} unsupported`)
}
process.exit(failed.length === 0 ? 0 : 1)
