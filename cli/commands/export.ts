import { UsageError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { initialise } from '../../engine/graph/initialise.ts'
import { encodeModel } from '../../models/onnx/codec/encode.ts'
import { exportGraph } from '../../models/onnx/export/exportGraph.ts'
import { exportQdq, exportQLinear } from '../../models/onnx/export/exportProgram.ts'
import { buildModel, modelNames } from '../../models/zoo/index.ts'
import { backendNames, findBackend } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../quant/integer/program.ts'
import { encodeProgram } from '../../quant/integer/programFile.ts'
import { describeOptions, numberOf, type OptionSpecs, type ParsedOptions, parseOptions, textOf } from '../options.ts'
import { loadRun, readConfig } from '../run.ts'
import { sha256, writeWhole } from '../runFolder.ts'
import { loadTrainingImages } from '../runImages.ts'
import { calibrationImages } from '../testImages.ts'
import type { Command } from './command.ts'
import { runArgument } from './eval.ts'

const forms = ['float', 'qdq', 'qlinear', 'program']

const specs: OptionSpecs = {
  form: { type: 'string', choices: forms, default: 'float', description: 'what to write' },
  out: { type: 'string', value: 'FILE', required: true, description: 'the file to write' },
  backend: { type: 'string', choices: backendNames, description: 'back end to compile for; not for float' },
  bits: { type: 'integer', minimum: 2, maximum: 16, default: 8, description: 'weight bits' },
  calibration: { type: 'integer', minimum: 1, default: 128, description: 'training images to calibrate on' },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'of the choice of calibration images, or of --model' },
  model: { type: 'string', choices: modelNames, description: 'instead of a run: an untrained model of the zoo' },
  input: { type: 'string', value: 'C,H,W', default: '1,28,28', description: "with --model: its pictures' shape" },
  classes: { type: 'integer', minimum: 1, default: 10, description: 'with --model: its classes' },
  depth: { type: 'integer', description: 'with --model resnet: weighted layers, 6n + 2' },
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
}

/** `quant-trim export`: a model as a file for other software. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'write a trained run as ONNX (float, QDQ or QLinear) or as an integer program',
  help: () => `Usage: quant-trim export RUN --out FILE [--form FORM --backend NAME] [OPTIONS]
       quant-trim export --model MODEL --out FILE [OPTIONS]

Writes the checkpoint of a run:
  float    ONNX in float32, as trained (with the Clip nodes of the export step)
  qdq      ONNX with QuantizeLinear and DequantizeLinear around every operator, as compiled for a back end
  qlinear  ONNX with QLinearConv, as compiled for a back end
  program  the integer program itself (.safetensors), for quant-trim/runtime
Of a back end's arithmetic ONNX carries scales, zero points and weights; what it cannot carry is in the file's metadata.

Options:
${describeOptions(specs)}

--json: {form, backend (null for float), bits, file, bytes, sha256}`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    const form = textOf(values, 'form')
    const bytes = form === 'float' ? await floatFile(values, positionals) : await programFile(form, values, positionals)
    const file = textOf(values, 'out')
    writeWhole(file, bytes)
    const digest = sha256(bytes)
    const backend = (values.backend as string | undefined) ?? null
    console.log(
      values.json
        ? JSON.stringify({
            form,
            backend,
            bits: form === 'float' ? 32 : values.bits,
            file,
            bytes: bytes.length,
            sha256: digest,
          })
        : `${file}: ${bytes.length} bytes\nsha256 ${digest}`,
    )
    return 0
  },
}

async function floatFile(values: ParsedOptions['values'], positionals: readonly string[]): Promise<Uint8Array> {
  if (values.backend !== undefined)
    throw new UsageError('--backend: float is not compiled; choose --form qdq, qlinear or program')
  const { graph, parameters } =
    values.model === undefined ? await modelOfRun(positionals) : untrained(values, positionals)
  return encodeModel(exportGraph(graph, parameters))
}

async function programFile(
  form: string,
  values: ParsedOptions['values'],
  positionals: readonly string[],
): Promise<Uint8Array> {
  if (values.model !== undefined) throw new UsageError(`--form ${form}: needs a run, whose images it calibrates on`)
  if (values.backend === undefined)
    throw new UsageError(`--form ${form}: needs --backend; there are ${backendNames.join(', ')}`)
  const backend = findBackend(textOf(values, 'backend'))
  const { graph, parameters, train } = await modelOfRun(positionals)
  const calibration = calibrationImages(train, numberOf(values, 'calibration'), numberOf(values, 'seed'))
  const program: IntegerProgram = compile(graph, parameters, backend, {
    weightBits: numberOf(values, 'bits'),
    calibration,
  })
  if (form === 'program') return encodeProgram(program)
  return encodeModel(form === 'qdq' ? exportQdq(program) : exportQLinear(program))
}

async function modelOfRun(positionals: readonly string[]) {
  const folder = runArgument(positionals)
  const config = readConfig(folder)
  const train = await loadTrainingImages(config)
  return { ...loadRun(folder, config, train), train }
}

function untrained(
  values: ParsedOptions['values'],
  positionals: readonly string[],
): { graph: Graph; parameters: Parameters } {
  if (positionals.length > 0) throw new UsageError(`'${positionals[0]}' and --model: export one of them`)
  const input = textOf(values, 'input').split(',').map(Number)
  const depth = values.depth === undefined ? {} : { depth: values.depth }
  if (input.length !== 3) throw new UsageError(`--input ${textOf(values, 'input')}: wanted C,H,W, for example 3,32,32`)
  const graph = buildModel(textOf(values, 'model'), { input, classes: numberOf(values, 'classes'), ...depth } as never)
  return { graph, parameters: initialise(graph, numberOf(values, 'seed')) }
}
