import { FormatError, UsageError } from '../../engine/base/errors.ts'
import type { Dataset } from '../../models/data/dataset.ts'
import { checkGolden, type GoldenReport } from '../../models/golden/check.ts'
import { createGolden, type Files } from '../../models/golden/create.ts'
import { MANIFEST } from '../../models/golden/manifest.ts'
import { createOperatorSets, filesBelow, operatorBackends, setFolders } from '../../models/golden/operators.ts'
import { readGolden } from '../../models/golden/read.ts'
import { backendNames, findBackend } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import { checkTarget, readFolder, writeFolder } from '../goldenFolder.ts'
import { formatReport } from '../goldenText.ts'
import { classifierFrom, isModelFile, readModelFile } from '../modelFile.ts'
import { describeOptions, numberOf, type OptionSpecs, type ParsedOptions, parseOptions, textOf } from '../options.ts'
import { packageVersion } from '../packageVersion.ts'
import { loadRun, readConfig } from '../run.ts'
import { sha256 } from '../runFolder.ts'
import { limited, loadRunImages, splitOf } from '../runImages.ts'
import { Progress } from '../terminal.ts'
import { calibrationImages, inBatches } from '../testImages.ts'
import type { Command } from './command.ts'

const createSpecs: OptionSpecs = {
  out: { type: 'string', value: 'DIR', required: true, description: 'the folder to write' },
  backend: { type: 'string', choices: backendNames, description: 'back end to compile for' },
  bits: { type: 'integer', minimum: 2, maximum: 16, default: 8, description: 'weight bits' },
  data: { type: 'string', value: 'SPEC', description: "data set [the run's; wanted for an .onnx file]" },
  count: { type: 'integer', minimum: 1, default: 16, description: 'test images in the set, the first ones' },
  calibration: { type: 'integer', minimum: 1, default: 128, description: 'training images to calibrate on' },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'of the choice of calibration images' },
  operators: { type: 'boolean', description: 'small sets of single operators, dense in ties, instead of a model' },
  force: { type: 'boolean', description: 'replace a golden set' },
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

const checkSpecs: OptionSpecs = {
  json: { type: 'boolean', description: 'print the whole report as one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

/** `quant-trim golden`: golden sets, and what a candidate does otherwise. */
export const goldenCommand: Command = {
  name: 'golden',
  summary: 'write golden vectors, or find where and why a candidate differs from them',
  help: () => `Usage: quant-trim golden create MODEL --backend NAME --out DIR [OPTIONS]
       quant-trim golden create --operators [--backend NAME] --out DIR
       quant-trim golden check GOLDEN CANDIDATE [OPTIONS]

create compiles MODEL, a run folder or an .onnx file, and writes what it computes in ONNX's test layout:
  manifest.json                               versions, the back end with its constants, SHA-256 of every file
  model.onnx                                  QDQ form, float32 in and out
  program.safetensors                         the integer program
  test_data_set_0/input_0.pb, output_0.pb     the images as one batch, the dequantised results
  test_data_set_0/intermediates/NNN_NAME.npy  the codes of every value, int8 or uint8
With --operators: a set for every operator of ${operatorBackends.join(', ')}, or of --backend.

check compares files of the same names in CANDIDATE, in the same folders or all in one, .npy or .pb, codes or real
numbers; those that are missing are not compared. It names the first operator in graph order whose codes differ, and
the semantics (rounding, zero point, scale, padding, a flipped weight bit ...) that reproduce the candidate exactly.
The same numbers in NHWC order or another shape are named so.

Options of create:
${describeOptions(createSpecs)}

Options of check:
${describeOptions(checkSpecs)}

create --json: {out, files, bytes, sha256 (of manifest.json)}
Exit status of check: 0 equal, 1 different (in layout, too), 2 unusable input.`,
  async run(args) {
    const [action, ...rest] = args
    if (action === 'create') return create(rest)
    if (action === 'check') return check(rest)
    throw new UsageError(`golden ${action ?? ''}: wanted golden create or golden check; --help shows the usage`)
  },
}

async function create(args: readonly string[]): Promise<number> {
  const { values, positionals, given } = parseOptions(createSpecs, args, 1)
  const out = textOf(values, 'out')
  checkTarget(out, values.force === true)
  const progress = new Progress(values.quiet === true)
  const files = values.operators
    ? await operatorFiles(values, positionals, given, progress)
    : await modelFiles(values, positionals, progress)
  progress.line(`writing ${files.size} files`)
  writeFolder(out, files)
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
  const digest = sha256(files.get(MANIFEST) as Uint8Array)
  const result = { out, files: files.size, bytes, sha256: digest }
  console.log(
    values.json
      ? JSON.stringify(result)
      : `${out}: ${files.size} files, ${bytes} bytes\nsha256 of ${MANIFEST} ${digest}`,
  )
  return 0
}

async function operatorFiles(
  values: ParsedOptions['values'],
  positionals: readonly string[],
  given: ReadonlySet<string>,
  progress: Progress,
): Promise<Files> {
  if (positionals.length > 0) throw new UsageError(`'${positionals[0]}' and --operators: give one of them`)
  const unused = ['bits', 'data', 'count', 'calibration', 'seed'].find((name) => given.has(name))
  if (unused !== undefined) throw new UsageError(`--${unused}: operator sets have no such option`)
  const names = values.backend === undefined ? operatorBackends : [textOf(values, 'backend')]
  progress.line(`computing the operators of ${names.join(', ')}`)
  return createOperatorSets(names.map(findBackend), packageVersion())
}

async function modelFiles(
  values: ParsedOptions['values'],
  positionals: readonly string[],
  progress: Progress,
): Promise<Files> {
  if (positionals.length === 0) throw new UsageError('the model is missing: a run folder or an .onnx file')
  if (values.backend === undefined) throw new UsageError(`--backend is missing; there are ${backendNames.join(', ')}`)
  const [path] = positionals
  const backend = findBackend(textOf(values, 'backend'))
  const config = isModelFile(path) ? null : readConfig(path)
  const data = (values.data as string | undefined) ?? config?.data
  if (data === undefined) throw new UsageError(`--data is missing: ${path} says nothing of images to calibrate on`)
  const [weightBits, count] = [numberOf(values, 'bits'), numberOf(values, 'count')]
  const [calibration, seed] = [numberOf(values, 'calibration'), numberOf(values, 'seed')]
  const images = { limit: null, holdOut: null, batch: 1, ...config, data }
  const { train, test: measured } = await loadRunImages(images)
  const test = limited(measured, count)
  if (test.labels.length < count)
    throw new UsageError(`--count ${count}: ${data} has ${test.labels.length} ${splitOf(images)} images`)
  const { graph, parameters } =
    config === null ? classifierFrom(readModelFile(path), path, train) : loadRun(path, config, train)
  progress.line(`compiling ${graph.name} for ${backend.name}`)
  const program = compile(graph, parameters, backend, {
    weightBits,
    calibration: calibrationImages(train, calibration, seed),
  })
  progress.line(`running ${count} images`)
  const origin = { data, weightBits, calibration, seed, count }
  return createGolden({ program, backend, images: joined(test), version: packageVersion(), origin })
}

/** The images of a data set in one batch. */
function joined(dataset: Dataset): { shape: number[]; data: Float32Array } {
  const parts = inBatches(dataset).map(({ images }) => images)
  const data = new Float32Array(parts.reduce((sum, { size }) => sum + size, 0))
  let start = 0
  for (const part of parts) {
    data.set(part.data, start)
    start += part.size
  }
  return { shape: [dataset.labels.length, ...parts[0].shape.slice(1)], data }
}

/** The version of this package, from its package.json. */
async function check(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(checkSpecs, args, 2)
  if (positionals.length < 2) throw new UsageError('golden check: wanted two folders, GOLDEN and CANDIDATE')
  const progress = new Progress(values.quiet === true)
  const [golden, candidate] = positionals.map(readFolder)
  const folders = setFolders(golden)
  if (folders.length === 0) throw new FormatError(`${positionals[0]} holds no golden set; make one with golden create`)
  const reports = new Map<string, GoldenReport>()
  for (const folder of folders) {
    const files = filesBelow(candidate, folder)
    // Of a collection, a candidate need not have every set.
    if (folders.length > 1 && files.size === 0) continue
    progress.update(folder)
    reports.set(folder, checkGolden(await readGolden(filesBelow(golden, folder)), files))
  }
  if (reports.size === 0)
    throw new FormatError(`${positionals[1]} has none of the folders of ${positionals[0]}, such as ${folders[0]}`)
  const isEqual = [...reports.values()].every(({ verdict }) => verdict === 'equal')
  if (values.json)
    console.log(JSON.stringify(folders.length > 1 ? { sets: Object.fromEntries(reports) } : reports.get(folders[0])))
  else
    for (const [folder, report] of reports) console.log(`${folder === '' ? '' : `${folder} `}${formatReport(report)}`)
  return isEqual ? 0 : 1
}
