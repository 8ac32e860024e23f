import { FormatError, UsageError } from '../../engine/base/errors.ts'
import { type CifarKind, type CifarPart, cifar10Classes, parseCifar } from './cifar.ts'
import { type Dataset, statistics, take } from './dataset.ts'
import { gunzipBounded, joinPath, listFolder, readBounded } from './files.ts'
import { idxByteLength, parseIdxImages, parseIdxLabels } from './idx.ts'
import { type SyntheticOptions, synthetic } from './synthetic.ts'

/** Which part of a data set. */
export interface LoadOptions {
  readonly split: 'train' | 'test'
  /** At most this many images, from the beginning. Files are read and checked whole all the same. Default: all. */
  readonly limit?: number
}

/** The names that `loadDataset` takes, for messages and help. */
export const datasetSpecs: readonly string[] = [
  'mnist:DIR',
  'cifar10:DIR',
  'cifar100:DIR',
  'synthetic[:count=N,seed=S]',
]

/**
 * Loads a data set by name. `mnist:DIR` reads the split's two IDX files, plain or .gz; `cifar10:DIR` as many
 * `data_batch_*.bin` as there are, in numeric order, or `test_batch.bin`; `cifar100:DIR` `train.bin` or `test.bin`, with
 * the fine labels; `synthetic` draws the built-in set. Files need Node, `synthetic` works anywhere. Throws `UsageError`
 * for a name or an option that makes no sense, `FormatError` for files that are missing (it lists what was looked for)
 * or malformed.
 * @example await loadDataset('cifar10:data/cifar10', { split: 'train', limit: 5000 })
 */
export async function loadDataset(spec: string, options: LoadOptions): Promise<Dataset> {
  const { split, limit } = options
  if (split !== 'train' && split !== 'test') {
    throw new UsageError(`loadDataset: a split is 'train' or 'test', not '${split}'`)
  }
  const colon = spec.indexOf(':')
  const kind = colon < 0 ? spec : spec.slice(0, colon)
  const rest = colon < 0 ? '' : spec.slice(colon + 1)
  const dataset = await load(kind, rest, split)
  return limit === undefined ? dataset : take(dataset, limit)
}

async function load(kind: string, rest: string, split: 'train' | 'test'): Promise<Dataset> {
  if (kind === 'synthetic') return synthetic({ split, ...syntheticOptions(rest) })
  if (kind !== 'mnist' && kind !== 'cifar10' && kind !== 'cifar100') {
    throw new UsageError(`loadDataset: there is no data set '${kind}'; there are ${datasetSpecs.join(', ')}`)
  }
  if (rest === '') throw new UsageError(`loadDataset: '${kind}' needs the folder of its files: ${kind}:DIR`)
  return kind === 'mnist' ? loadMnist(rest, split) : loadCifar(kind, rest, split)
}

/** `count=N,seed=S`, either or none. */
function syntheticOptions(text: string): SyntheticOptions {
  const options: { count?: number; seed?: number } = {}
  for (const part of text === '' ? [] : text.split(',')) {
    const match = /^(count|seed)=(\d{1,15})$/.exec(part)
    if (match === null) {
      throw new UsageError(`loadDataset: synthetic has no option '${part}'; write synthetic:count=4000,seed=1, or less`)
    }
    options[match[1] as 'count' | 'seed'] = Number(match[2])
  }
  return options
}

/** The first of `names` that the folder has, each on its own list; a list without one makes `FormatError`. */
async function findFiles(spec: string, folder: string, lists: readonly (readonly string[])[]): Promise<string[]> {
  const present = new Set(await listFolder(folder))
  const found = lists.map((names) => names.find((name) => present.has(name)))
  const missing = lists.filter((_, i) => found[i] === undefined)
  if (missing.length > 0) {
    throw new FormatError(
      `loadDataset: ${spec}: looked in the folder ${folder} for ${missing.map((names) => names.join(' or ')).join(', and for ')}: not there`,
    )
  }
  return Promise.all(found.map((name) => joinPath(folder, name as string)))
}

async function loadMnist(folder: string, split: 'train' | 'test'): Promise<Dataset> {
  const stem = split === 'train' ? 'train' : 't10k'
  const lists = [`${stem}-images-idx3-ubyte`, `${stem}-labels-idx1-ubyte`].map((name) => [name, `${name}.gz`])
  const [imageFile, labelFile] = await findFiles(`mnist:${folder}`, folder, lists)
  const images = parseIdxImages(await readIdx(imageFile, 'images'), imageFile)
  const labels = parseIdxLabels(await readIdx(labelFile, 'labels'), labelFile)
  if (images.count !== labels.length) {
    throw new FormatError(
      `loadDataset: ${imageFile} holds ${images.count} images, but ${labelFile} ${labels.length} labels: they do not belong together`,
    )
  }
  return {
    name: 'mnist',
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    shape: [1, images.rows, images.columns],
    images: images.pixels,
    labels,
    ...statistics.mnist,
  }
}

async function readIdx(path: string, kind: 'images' | 'labels'): Promise<Uint8Array> {
  const bytes = await readBounded(path)
  return path.endsWith('.gz') ? gunzipBounded(bytes, (head) => idxByteLength(head, kind, path), path) : bytes
}

async function loadCifar(kind: CifarKind, folder: string, split: 'train' | 'test'): Promise<Dataset> {
  const spec = `${kind}:${folder}`
  const names = kind === 'cifar10' ? await cifar10Files(folder, split) : [`${split}.bin`]
  const parts: CifarPart[] = []
  for (const source of await findFiles(
    spec,
    folder,
    names.map((name) => [name]),
  )) {
    parts.push({ source, bytes: await readBounded(source) })
  }
  const { images, labels } = parseCifar(kind, parts)
  const classes =
    kind === 'cifar10'
      ? ((await classNames(folder, 'batches.meta.txt', 10)) ?? cifar10Classes)
      : ((await classNames(folder, 'fine_label_names.txt', 100)) ?? Array.from({ length: 100 }, (_, i) => String(i)))
  return { name: kind, classes, shape: [3, 32, 32], images, labels, ...statistics[kind] }
}

/** The training batches that are there, data_batch_2 before data_batch_10; where there are none, the five published. */
async function cifar10Files(folder: string, split: 'train' | 'test'): Promise<string[]> {
  if (split === 'test') return ['test_batch.bin']
  const numbers = (await listFolder(folder))
    .map((name) => Number(/^data_batch_([1-9]\d{0,5})\.bin$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)
  return (numbers.length > 0 ? numbers : [1, 2, 3, 4, 5]).map((number) => `data_batch_${number}.bin`)
}

/** The names of the classes, one on a line; null where there is no such file. */
async function classNames(folder: string, file: string, count: number): Promise<string[] | null> {
  if (!(await listFolder(folder)).includes(file)) return null
  const path = await joinPath(folder, file)
  const text = new TextDecoder().decode(await readBounded(path))
  const names = text.split('\n').map((line) => line.trim())
  while (names.at(-1) === '') names.pop()
  if (names.length !== count || names.includes('')) {
    throw new FormatError(
      `loadDataset: ${path} has ${names.length} lines; wanted the names of ${count} classes, one a line`,
    )
  }
  return names
}
