import { join } from 'node:path'
import { FormatError, UsageError } from '../engine/base/errors.ts'
import { encodeSafetensors } from '../engine/base/safetensors.ts'
import type { Tensor } from '../engine/core/tensor.ts'
import type { Graph, Parameters } from '../engine/graph/graph.ts'
import { checkParameters } from '../engine/graph/parameters.ts'
import { loadSafetensors } from '../engine/graph/safetensors.ts'
import type { Dataset } from '../models/data/dataset.ts'
import type { ValueRange } from '../quant/affine/quantiser.ts'
import { clipLogits } from '../quant/trim/centreLogits.ts'
import { insertClips } from '../quant/trim/exportStep.ts'
import type { TrimEvent } from '../quant/trim/reversePruning.ts'
import type { EpochMetrics, ExportedModel } from '../quant/trim/trainer.ts'
import { classifierFrom, isModelFile } from './modelFile.ts'
import { openRunFolder, readRunFile, readRunJson, runFileExists, sha256, writeWhole } from './runFolder.ts'
import { graphOf, type TrainingConfig } from './trainingConfig.ts'

const CONFIG = 'config.json'
const STATE = 'state.safetensors'
const METRICS = 'metrics.jsonl'
const TRIMS = 'trim.jsonl'
/** The file that an ONNX model came from. */
const SOURCE = 'source.onnx'
const CHECKPOINT = 'checkpoint.safetensors'
const CHECKSUM = 'checkpoint.sha256'

/** A line of metrics.jsonl. */
export type EpochLine = EpochMetrics & { readonly seconds: number }

/** A run folder that is being written. */
export interface Run {
  /** The state after the last saved epoch, of a run that is resumed; null at the beginning. */
  readonly saved: ReadonlyMap<string, Tensor> | null
  /** Saves an epoch: log lines first, the state last, so that a state never lacks its lines. */
  saveEpoch(state: ReadonlyMap<string, Tensor>, metrics: EpochLine, trims: readonly TrimEvent[]): void
  /** Writes the checkpoint and its checksum. */
  finish(model: ExportedModel, floatTop1: number): { checkpoint: string; sha256: string }
}

/** Makes an empty folder that of a run with other options, trained as the one in `from` was: `openRun` resumes it. */
export function copyTrained(from: string, folder: string, config: TrainingConfig): void {
  for (const name of [METRICS, TRIMS, STATE]) {
    if (runFileExists(from, name)) writeWhole(join(folder, name), readRunFile(from, name))
  }
  writeWhole(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`)
}

/**
 * Opens a run folder for writing. The same options start over (they give the same bits) or, with `resume`, continue
 * after the last saved epoch. Other options are refused with the differences named, unless `force` starts over with them.
 */
export function openRun(
  folder: string,
  config: TrainingConfig,
  options: { resume: boolean; force: boolean; source?: Uint8Array },
): Run {
  if (runFileExists(folder, CONFIG)) {
    const differences = compareConfigs(readConfig(folder), config)
    if (differences.length > 0 && (options.resume || !options.force)) {
      throw new UsageError(
        `${folder} holds a run with other options (${differences.join('; ')}); choose another --out, or --force to replace it`,
      )
    }
  } else if (options.resume) {
    throw new UsageError(`${folder} holds no run to resume; leave out --resume to start one`)
  }
  openRunFolder(folder)
  const resumed = options.resume && runFileExists(folder, STATE)
  const saved = resumed ? decodeFile(folder, STATE).tensors : null
  const epochs = saved?.get('epoch')?.item() ?? 0
  const metrics = resumed ? readLines<EpochLine>(folder, METRICS, epochs) : []
  const trims = resumed ? readLines<TrimEvent>(folder, TRIMS, epochs) : []
  const write = (name: string, content: Uint8Array | string): void => writeWhole(join(folder, name), content)
  write(CONFIG, `${JSON.stringify(config, null, 2)}\n`)
  if (options.source !== undefined) write(SOURCE, options.source)
  return {
    saved,
    saveEpoch(state, line, events) {
      metrics.push(line)
      trims.push(...events)
      write(METRICS, toLines(metrics))
      write(TRIMS, toLines(trims))
      write(STATE, encodeSafetensors(state, {}))
    },
    finish({ graph, parameters, ranges, logits }, floatTop1) {
      const bytes = encodeSafetensors(parameters, {
        format: 'quant-trim checkpoint 1',
        graph: graph.name,
        method: config.method,
        floatTop1: String(floatTop1),
        ranges: JSON.stringify(Object.fromEntries([...ranges].map(([name, { lo, hi }]) => [name, [lo, hi]]))),
        ...(logits && { logits: JSON.stringify({ [graph.outputs[0]]: [logits.lo, logits.hi] }) }),
      })
      const digest = sha256(bytes)
      write(CHECKPOINT, bytes)
      write(CHECKSUM, `${digest}  ${CHECKPOINT}\n`)
      return { checkpoint: join(folder, CHECKPOINT), sha256: digest }
    },
  }
}

/** A finished run: its options, and its model as a back end would get it. */
export interface FinishedRun {
  readonly config: TrainingConfig
  readonly graph: Graph
  readonly parameters: Parameters
}

/**
 * The weights that another run of the same model ended with, and the SHA-256 of their file. Throws `UsageError` where there
 * is none, `ShapeError` where they are another model's.
 */
export function startFrom(folder: string, graph: Graph): { initial: Parameters; sha256: string } {
  const { tensors } = decodeFile(folder, CHECKPOINT)
  checkParameters(graph, tensors)
  return { initial: tensors, sha256: sha256(readRunFile(folder, CHECKPOINT)) }
}

/** The options of a run. Throws `UsageError` where there is none. */
export function readConfig(folder: string): TrainingConfig {
  // Runs made before there were these options lack them.
  return { imbalance: null, holdOut: null, ...readRunJson(folder, CONFIG) } as unknown as TrainingConfig
}

/** The lines that training wrote; none where a run has no logs. Throws `FormatError` for damaged ones. */
export function readLogs(folder: string): { metrics: EpochLine[]; trims: TrimEvent[] } {
  const lines = <T extends { epoch: number }>(name: string): T[] =>
    runFileExists(folder, name) ? readLines<T>(folder, name, Number.POSITIVE_INFINITY) : []
  return { metrics: lines<EpochLine>(METRICS), trims: lines<TrimEvent>(TRIMS) }
}

/**
 * Loads the checkpoint of a run, for pictures and classes of `dataset`. Throws `FormatError` or `ShapeError` when it is
 * damaged or of another model.
 */
export function loadRun(
  folder: string,
  config: TrainingConfig,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
): FinishedRun {
  const { tensors, metadata } = decodeFile(folder, CHECKPOINT)
  const graph = isModelFile(config.model)
    ? classifierFrom(readRunFile(folder, SOURCE), join(folder, SOURCE), dataset).graph
    : graphOf(config, dataset)
  checkParameters(graph, tensors)
  const clipped = insertClips(graph, parseRanges(metadata.ranges, folder))
  const logits = parseRanges(metadata.logits, folder).get(graph.outputs[0])
  return { config, graph: logits ? clipLogits(clipped, logits) : clipped, parameters: tensors }
}

function decodeFile(folder: string, name: string): ReturnType<typeof loadSafetensors> {
  const bytes = readRunFile(folder, name)
  try {
    return loadSafetensors(bytes)
  } catch (error) {
    throw new FormatError(`${join(folder, name)}: ${(error as Error).message}`)
  }
}

/** `{"tensor": [lo, hi]}`; absent means none. */
function parseRanges(text: string | undefined, folder: string): Map<string, ValueRange> {
  const ranges = new Map<string, ValueRange>()
  try {
    for (const [name, bounds] of Object.entries(JSON.parse(text ?? '{}') as Record<string, unknown>)) {
      const [lo, hi] = bounds as [unknown, unknown]
      if (typeof lo !== 'number' || typeof hi !== 'number' || !(lo <= hi)) throw new TypeError('not a range')
      ranges.set(name, { lo, hi })
    }
  } catch {
    throw new FormatError(`${join(folder, CHECKPOINT)}: its activation ranges are not readable; make the run again`)
  }
  return ranges
}

/** The options in which two configurations differ, as `name: found, wanted`. */
function compareConfigs(found: object, wanted: object, prefix = ''): string[] {
  const keys = [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
  return keys.flatMap((key) => {
    const a = (found as Record<string, unknown>)[key]
    const b = (wanted as Record<string, unknown>)[key]
    const nested = [a, b].every((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
    if (nested) return compareConfigs(a as object, b as object, `${prefix}${key}.`)
    return JSON.stringify(a) === JSON.stringify(b)
      ? []
      : [`${prefix}${key} ${JSON.stringify(a)}, now ${JSON.stringify(b)}`]
  })
}

function toLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** The lines of the first `epochs` epochs: a run stopped between two files may have one too many. */
function readLines<T extends { epoch: number }>(folder: string, name: string, epochs: number): T[] {
  const text = new TextDecoder().decode(readRunFile(folder, name))
  try {
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as T).filter(({ epoch }) => epoch < epochs)
  } catch {
    throw new FormatError(`${join(folder, name)} is damaged; start the run over without --resume`)
  }
}
