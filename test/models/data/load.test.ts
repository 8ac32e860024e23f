import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UsageError } from '../../../engine/base/errors.ts'
import { loadDataset } from '../../../models/data/load.ts'
import { synthetic } from '../../../models/data/synthetic.ts'

const test = suite('loadDataset')

const made: string[] = []
test.after(() => {
  for (const folder of made) rmSync(folder, { recursive: true })
})

/** A new folder with these files in it. */
function folderOf(files: Record<string, Uint8Array | string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'quant-trim-data-'))
  made.push(folder)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

function idx(magic: number, dims: number[], data: Iterable<number>): Uint8Array {
  const header = new Uint8Array(4 + 4 * dims.length)
  const view = new DataView(header.buffer)
  for (const [i, word] of [magic, ...dims].entries()) view.setUint32(4 * i, word)
  return Uint8Array.from([...header, ...data])
}

const images = idx(0x803, [3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
const labels = idx(0x801, [3], [7, 0, 9])
const IMAGES = 't10k-images-idx3-ubyte'
const LABELS = 't10k-labels-idx1-ubyte'

async function refused(
  spec: string,
  message: RegExp,
  split: 'train' | 'test' = 'test',
  kind: typeof FormatError | typeof UsageError = FormatError,
): Promise<void> {
  let caught: unknown = null
  await loadDataset(spec, { split }).catch((error: unknown) => {
    caught = error
  })
  assert.instance(caught, kind)
  assert.match((caught as Error).message, message)
}

test('mnist: plain, compressed and mixed', async () => {
  const folders = [
    folderOf({ [IMAGES]: images, [LABELS]: labels }),
    folderOf({ [`${IMAGES}.gz`]: gzipSync(images), [`${LABELS}.gz`]: gzipSync(labels) }),
    folderOf({ [IMAGES]: images, [`${LABELS}.gz`]: gzipSync(labels) }),
  ]
  for (const folder of folders) {
    const dataset = await loadDataset(`mnist:${folder}`, { split: 'test' })
    assert.equal(dataset.shape, [1, 2, 2])
    assert.equal([...dataset.images], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    assert.equal([...dataset.labels], [7, 0, 9])
    // Not Node's Buffer, whose slice does not copy.
    assert.equal([dataset.images, dataset.labels].map(Object.getPrototypeOf), [
      Uint8Array.prototype,
      Uint8Array.prototype,
    ])
    assert.equal(dataset.classes, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  }
  const two = await loadDataset(`mnist:${folders[1]}`, { split: 'test', limit: 2 })
  assert.equal([[...two.labels], two.images.length], [[7, 0], 8])
})

test('mnist: missing files are listed, all at once', async () => {
  const spec = `mnist:${folderOf({})}`
  await refused(spec, /train-images-idx3-ubyte or train-images-idx3-ubyte\.gz.*train-labels-idx1-ubyte or/, 'train')
  await refused('mnist:/no/such/folder', /looked in the folder \/no\/such\/folder for t10k-images/)
  const half = folderOf({ [IMAGES]: images })
  await refused(`mnist:${half}`, /for t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz: not there/)
})

test('mnist: counts that do not belong together', async () => {
  const folder = folderOf({ [IMAGES]: images, [LABELS]: idx(0x801, [2], [7, 0]) })
  await refused(`mnist:${folder}`, /3 images, but .* 2 labels/)
})

test('mnist: malformed files', async () => {
  await refused(`mnist:${folderOf({ [IMAGES]: '', [LABELS]: labels })}`, /has 0 bytes/)
  await refused(`mnist:${folderOf({ [IMAGES]: labels, [LABELS]: images })}`, /IDX: .*t10k-images/)
  await refused(`mnist:${folderOf({ [IMAGES]: images, [LABELS]: idx(0x801, [3], [7, 10, 9]) })}`, /label 1 is 10/)
  const folder = folderOf({ [LABELS]: labels })
  mkdirSync(join(folder, IMAGES))
  await refused(`mnist:${folder}`, /wanted a file, this is a folder/)
})

test('a file above the limit is refused by its size, unread', async () => {
  const folder = folderOf({ [IMAGES]: images, [LABELS]: labels })
  truncateSync(join(folder, IMAGES), 512 * 1024 * 1024 + 1)
  await refused(`mnist:${folder}`, /has 536870913 bytes; files of a data set have at most 536870912/)
})

test('gzip: cut short anywhere, trailing bytes, not gzip at all', async () => {
  const compressed = gzipSync(images)
  for (const end of [0, 1, 9, 10, 15, compressed.length - 9, compressed.length - 8, compressed.length - 1]) {
    const folder = folderOf({ [`${IMAGES}.gz`]: compressed.subarray(0, end), [LABELS]: labels })
    await refused(`mnist:${folder}`, /t10k-images-idx3-ubyte\.gz/)
  }
  const joined = (tail: Uint8Array): Uint8Array => Uint8Array.from([...compressed, ...tail])
  for (const tail of [Uint8Array.of(1, 2, 3), gzipSync(Uint8Array.of(1))]) {
    const folder = folderOf({ [`${IMAGES}.gz`]: joined(tail), [LABELS]: labels })
    await refused(`mnist:${folder}`, /decompressing .*t10k-images/)
  }
  await refused(`mnist:${folderOf({ [`${IMAGES}.gz`]: images, [LABELS]: labels })}`, /no gzip file/)
  const shorter = gzipSync(images.subarray(0, 20))
  await refused(`mnist:${folderOf({ [`${IMAGES}.gz`]: shorter, [LABELS]: labels })}`, /cut short/)
})

test('gzip bombs are stopped by the promise of the header', async () => {
  const bomb = new Uint8Array(20_000_000)
  bomb.set(images)
  await refused(
    `mnist:${folderOf({ [`${IMAGES}.gz`]: gzipSync(bomb), [LABELS]: labels })}`,
    /more than the 28 bytes that its header promises/,
  )
  bomb.set(idx(0x803, [0xffffffff, 28, 28], []))
  await refused(
    `mnist:${folderOf({ [`${IMAGES}.gz`]: gzipSync(bomb), [LABELS]: labels })}`,
    /header promises 3367254359296 bytes; files of a data set have at most/,
  )
})

/** One CIFAR-10 record whose every pixel is the label. */
const record = (label: number): Uint8Array => new Uint8Array(3073).fill(label)

test('cifar10: the batches that are there, in numeric order', async () => {
  const folder = folderOf({
    'data_batch_10.bin': record(5),
    'data_batch_2.bin': record(2),
    'data_batch_x.bin': record(9),
    'data_batch_1.bin': record(1),
    'test_batch.bin': record(7),
  })
  const train = await loadDataset(`cifar10:${folder}`, { split: 'train' })
  assert.equal([...train.labels], [1, 2, 5])
  assert.equal(train.shape, [3, 32, 32])
  assert.is(train.images[3072], 2)
  assert.equal([train.classes[0], train.classes[9]], ['airplane', 'truck'])
  assert.equal([...(await loadDataset(`cifar10:${folder}`, { split: 'test' })).labels], [7])
})

test('cifar10: names of the classes', async () => {
  const names = 'k0\nk1\nk2\nk3\nk4\nk5\nk6\nk7\nk8\nk9\n'
  const spec = `cifar10:${folderOf({ 'test_batch.bin': record(7), 'batches.meta.txt': `${names}\n` })}`
  assert.equal((await loadDataset(spec, { split: 'test' })).classes[7], 'k7')
  const extra = `cifar10:${folderOf({ 'test_batch.bin': record(7), 'batches.meta.txt': `${names}k10\n` })}`
  await refused(extra, /batches\.meta\.txt has 11 lines; wanted the names of 10/)
})

test('cifar10: missing and malformed', async () => {
  const empty = folderOf({})
  await refused(`cifar10:${empty}`, /data_batch_1\.bin, and for .*data_batch_5\.bin: not there/, 'train')
  await refused(`cifar10:${empty}`, /test_batch\.bin: not there/)
  await refused(`cifar10:${folderOf({ 'test_batch.bin': '' })}`, /test_batch\.bin has 0 bytes/)
  await refused(`cifar10:${folderOf({ 'test_batch.bin': record(11) })}`, /label of record 0 is 11/)
})

test('cifar100: fine labels and names', async () => {
  const bytes = new Uint8Array(3074)
  bytes.set([3, 42])
  const folder = folderOf({ 'train.bin': bytes })
  const dataset = await loadDataset(`cifar100:${folder}`, { split: 'train' })
  assert.equal([[...dataset.labels], dataset.classes.length, dataset.classes[42]], [[42], 100, '42'])
  const names = Array.from({ length: 100 }, (_, i) => `fine ${i}`).join('\r\n')
  writeFileSync(join(folder, 'fine_label_names.txt'), names)
  assert.is((await loadDataset(`cifar100:${folder}`, { split: 'train' })).classes[42], 'fine 42')
  await refused(`cifar100:${folder}`, /test\.bin: not there/)
})

test('without Node, files are refused with what to do instead', async () => {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'process') as PropertyDescriptor
  Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true })
  try {
    for (const spec of ['mnist:there', 'cifar10:there']) {
      const error = await loadDataset(spec, { split: 'test' }).catch((error: unknown) => error)
      assert.instance(error, UsageError)
      assert.match((error as UsageError).message, /only Node reads files; .* parseIdxImages/)
    }
    assert.is((await loadDataset('synthetic:count=3', { split: 'test' })).labels.length, 3)
  } finally {
    Object.defineProperty(globalThis, 'process', descriptor)
  }
})

test('synthetic: options in the name', async () => {
  const dataset = await loadDataset('synthetic:count=12,seed=3', { split: 'test', limit: 11 })
  assert.equal(dataset.images, synthetic({ split: 'test', count: 11, seed: 3 }).images)
  assert.is((await loadDataset('synthetic', { split: 'test' })).labels.length, 2000)
})

test('names and options that do not exist', async () => {
  await refused('imagenet:x', /no data set 'imagenet'; there are mnist:DIR, cifar10:DIR/, 'test', UsageError)
  await refused('', /no data set ''/, 'test', UsageError)
  await refused('mnist', /'mnist' needs the folder of its files: mnist:DIR/, 'test', UsageError)
  await refused('cifar10:', /cifar10:DIR/, 'test', UsageError)
  await refused('synthetic:size=3', /no option 'size=3'/, 'test', UsageError)
  await refused('synthetic:count=-1', /no option 'count=-1'/, 'test', UsageError)
  await refused('synthetic:count=0', /count is an integer from 1/, 'test', UsageError)
  await refused('synthetic', /split is 'train' or 'test', not 'valid'/, 'valid' as 'train', UsageError)
  try {
    await loadDataset('synthetic:count=5', { split: 'test', limit: 0 })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, UsageError)
  }
})

test.run()
