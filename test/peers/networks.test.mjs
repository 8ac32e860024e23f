// Quant-Trim checkpoints on real test images: the session of back end ort-x86 and ONNX Runtime on the exported QDQ file give
// the same codes in every value of the network. Needs the data beside the repository, in ../shared/data; skips without.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { built, ours } from './exact/ours.mjs'
import { runtimes } from './exact/runtimes.mjs'

const data = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const runtime = await runtimes['ort-node']()

/** Trained for a moment: enough for ranges and weights that training has shaped. */
const networks = [
  { model: 'lenet', set: 'mnist', train: 2000, images: 10_000, fused: { QLinearConv: 2, QGemm: 3 } },
  { model: 'resnet', set: 'cifar10', train: 200, images: 1000, fused: { QLinearConv: 21, QLinearAdd: 9, QGemm: 1 } },
]

/** Trains with the command line into a run folder. */
function trainRun(folder, { model, set, train }) {
  const options = ['--data', `${set}:${join(data, set)}`, '--limit', String(train), '--epochs', '1', '--out', folder]
  const command = [fileURLToPath(new URL('cli/main.js', built)), 'train', '--model', model, ...options, '--quiet']
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

/** The program of a run for back end ort-x86, and the test images. */
async function programOf(folder, count) {
  const config = ours.readConfig(folder)
  const images = await ours.loadDataset(config.data, { split: 'test', limit: count })
  const calibration = await ours.loadDataset(config.data, { split: 'train', limit: config.limit ?? undefined })
  const { graph, parameters } = ours.loadRun(folder, config, images)
  const program = ours.compile(graph, parameters, ours.findBackend('ort-x86'), {
    calibration: ours.calibrationImages(calibration, 128, 0),
  })
  return { program, images }
}

for (const network of networks) {
  const title = `${network.model}: the same codes on ${network.images} test images of ${network.set}`
  test(title, { skip: !existsSync(join(data, network.set)) && `there is no ${join(data, network.set)}` }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quant-trim-'))
    try {
      trainRun(folder, network)
      const { program, images } = await programOf(folder, network.images)
      const bytes = ours.encodeModel(ours.exportQdq(program, { codes: true }))
      const counts = await runtime.fusedOperators(bytes)
      for (const [op, count] of Object.entries(network.fused)) assert.equal(counts[op], count, op)
      const session = new ours.IntegerSession(program)
      const theirs = await runtime.open(bytes)
      let compared = 0
      for (const batch of ours.batches(images, { size: 100 })) {
        const { shape, data } = batch.images
        const trace = new Map()
        const logits = session.run({ shape, data }, { trace })
        const outputs = await theirs.run({ [program.header.input.value]: { type: 'float32', dims: shape, data } })
        for (const [name, codes] of trace) {
          const found = outputs[`${name}.codes`]
          for (let i = 0; i < found.length; i++) {
            if (found[i] !== codes.data[i]) assert.fail(`${name}: code ${i} is ${found[i]}, ours ${codes.data[i]}`)
          }
          compared += found.length
        }
        assert.deepEqual(outputs[program.header.output], logits.data)
      }
      await theirs.release()
      console.log(`${network.model}: ${compared} codes compared`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
