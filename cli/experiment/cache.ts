import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { EvaluationResult } from '../evaluation/evaluate.ts'
import type { EvaluationSettings } from '../evaluation/options.ts'
import { copyTrained, readConfig, readLogs } from '../run.ts'
import { openRunFolder, readRunJson, runFileExists, writeWhole } from '../runFolder.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import type { TrainedRun } from '../trainRun.ts'
import { codeOf, type MadeBy, shortHash } from './versions.ts'

/** What is known of a finished training. */
export interface TrainingRecord {
  readonly madeBy: MadeBy
  readonly sha256: string
  readonly floatTop1: number
  /** Of all epochs, those before an interruption included. */
  readonly seconds: number
}

/** What is known of a finished evaluation. */
export interface EvaluationRecord {
  readonly madeBy: MadeBy
  readonly seconds: number
  readonly result: EvaluationResult
}

const TRAINING = 'training.json'
const STARTED = 'started.json'

/**
 * Finished and half-finished work by the hash of what determines it: a run folder for each training (as `train` makes it, so that
 * `eval` and `export` take it), named by its options and pictures; in it each evaluation, named by what was evaluated. A result
 * counts only if the same code made it, or with `anyCode` whichever. Records are written last: what they name is whole.
 */
export class Cache {
  readonly #folder: string
  readonly #anyCode: boolean
  readonly #training = codeOf('training')
  readonly #evaluation = codeOf('evaluation')

  constructor(folder: string, anyCode: boolean) {
    this.#folder = folder
    this.#anyCode = anyCode
  }

  /** The run folder of a training on pictures with this digest, begun with the checkpoint in another run folder if there is one. */
  runFolder(config: TrainingConfig, digest: string, base?: string): string {
    return join(this.#folder, shortHash({ ...config, data: digest, ...(base && { base: basename(base) }) }))
  }

  /** The finished training in a folder; null where there is none of this code, begun with this checkpoint (its SHA-256). */
  training(folder: string, startsFrom?: string): TrainingRecord | null {
    if (!runFileExists(folder, TRAINING) || readConfig(folder).startsFrom !== startsFrom) return null
    const record = readRunJson(folder, TRAINING) as unknown as TrainingRecord
    return this.#counts(record.madeBy, this.#training) ? record : null
  }

  /**
   * Makes a folder ready for a training to begin or, if what is saved there is of the same options and code, to go on; says
   * whether it may. What cannot be continued is removed. `twin` is the folder of a finished training that differs in the export
   * step only: its last state is taken over.
   */
  begin(folder: string, config: TrainingConfig, twin?: string): boolean {
    const isSame = (name: string, wanted: object): boolean =>
      runFileExists(folder, name) && JSON.stringify(readRunJson(folder, name)) === JSON.stringify(wanted)
    const resume = isSame(STARTED, this.#training) && isSame('config.json', config)
    if (!resume) rmSync(folder, { recursive: true, force: true })
    openRunFolder(folder)
    rmSync(join(folder, TRAINING), { force: true })
    writeWhole(join(folder, STARTED), `${JSON.stringify(this.#training)}\n`)
    if (resume || twin === undefined) return resume
    copyTrained(twin, folder, config)
    return true
  }

  /** Keeps a finished training. */
  keepTraining(folder: string, { sha256, floatTop1 }: TrainedRun): TrainingRecord {
    const seconds = readLogs(folder).metrics.reduce((sum, line) => sum + line.seconds, 0)
    const record = { madeBy: this.#training, sha256, floatTop1, seconds }
    writeWhole(join(folder, TRAINING), `${JSON.stringify(record, null, 2)}\n`)
    return record
  }

  /** The finished evaluation of a checkpoint; null where there is none of this code. */
  evaluation(folder: string, trained: TrainingRecord, settings: EvaluationSettings): EvaluationRecord | null {
    const name = evaluationName(trained, settings)
    if (!runFileExists(folder, name)) return null
    const record = readRunJson(folder, name) as unknown as EvaluationRecord
    return this.#counts(record.madeBy, this.#evaluation) ? record : null
  }

  /** Keeps a finished evaluation; returns it as it will be read again, where JSON has null for infinite numbers. */
  keepEvaluation(
    folder: string,
    trained: TrainingRecord,
    settings: EvaluationSettings,
    { result, seconds }: { result: EvaluationResult; seconds: number },
  ): EvaluationRecord {
    const text = JSON.stringify({ madeBy: this.#evaluation, seconds, result })
    writeWhole(join(folder, evaluationName(trained, settings)), `${text}\n`)
    return JSON.parse(text) as EvaluationRecord
  }

  /** Seconds that all invocations together took so far for an experiment of this hash, this one's `more` added. */
  wallSeconds(hash: string, more: number): number {
    const name = `wall-${hash}.json`
    const before = runFileExists(this.#folder, name) ? Number(readRunJson(this.#folder, name).seconds) : 0
    if (more > 0) {
      openRunFolder(this.#folder)
      writeWhole(join(this.#folder, name), `${JSON.stringify({ seconds: before + more })}\n`)
    }
    return before + more
  }

  #counts(found: MadeBy, wanted: MadeBy): boolean {
    return this.#anyCode || found.code === wanted.code
  }
}

/** Test images are the run's own: its folder's name has their digest. */
function evaluationName({ sha256 }: TrainingRecord, settings: EvaluationSettings): string {
  return `evaluation-${shortHash({ sha256, ...settings })}.json`
}
