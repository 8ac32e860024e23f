// `node examples/browser/model/make.mjs MNIST_DIR`: makes the files of this folder from MNIST's own files; see README.md.
// Needs a build (npm run build) and takes some five minutes. The same bytes come out every time.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDataset } from 'quant-trim/models'

const CALIBRATION = 24
/** A 3 that models disagree about. */
const HARD = 18
const TRAINING = ['--model', 'resnet', '--depth', '8', '--width', '6', '--method', 'quant-trim', '--epochs', '5']
const MORE = ['--learning-rate', '0.1', '--augment', 'crop', '--seed', '1']

const here = fileURLToPath(new URL('.', import.meta.url))
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** Writes pictures of 28 x 28 bytes as an IDX file. */
function writePictures(name, pictures) {
  const header = Buffer.alloc(16)
  for (const [i, word] of [0x803, pictures.length, 28, 28].entries()) header.writeUInt32BE(word, 4 * i)
  writeFileSync(join(here, name), Buffer.concat([header, ...pictures]))
}

const [directory] = process.argv.slice(2)
if (directory === undefined || directory.startsWith('-')) {
  console.error('usage: node examples/browser/model/make.mjs MNIST_DIR')
  process.exit(2)
}
const data = `mnist:${resolve(directory)}`
const run = mkdtempSync(join(tmpdir(), 'example-'))
try {
  const args = [main, 'train', '--data', data, ...TRAINING, ...MORE, '--out', run]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  copyFileSync(join(run, 'checkpoint.safetensors'), join(here, 'checkpoint.safetensors'))
} finally {
  rmSync(run, { recursive: true, force: true })
}

const picture = ({ images }, i) => images.subarray(i * 784, (i + 1) * 784)
const train = await loadDataset(data, { split: 'train' })
const test = await loadDataset(data, { split: 'test' })
const second = (digit) => test.labels.indexOf(digit, test.labels.indexOf(digit) + 1)
writePictures(
  'calibration.idx3-ubyte',
  Array.from({ length: CALIBRATION }, (_, i) => picture(train, i)),
)
writePictures('samples.idx3-ubyte', [
  ...Array.from({ length: 10 }, (_, digit) => picture(test, second(digit))),
  picture(test, HARD),
])
for (const name of ['checkpoint.safetensors', 'calibration.idx3-ubyte', 'samples.idx3-ubyte']) {
  console.log(
    `${createHash('sha256')
      .update(readFileSync(join(here, name)))
      .digest('hex')}  ${name}`,
  )
}
