import type { Executor } from '../../engine/simd/executor.ts'
import type { Dataset } from '../../models/data/dataset.ts'
import { take } from '../../models/data/dataset.ts'
import { attribute, type Waterfall } from '../../quant/audit/attribution.ts'
import type { Trial, TrialResult } from '../../quant/audit/calibrationTrials.ts'
import {
  type BackendResult,
  type EvaluationData,
  evaluateBackend,
  type FloatReference,
  floatReference,
  type Job,
} from '../../quant/audit/compare.ts'
import { type Cost, programCost } from '../../quant/audit/cost.ts'
import { type Culprits, findCulprits } from '../../quant/audit/culprits.ts'
import { type LayerSqnr, layerSqnr } from '../../quant/audit/layerSqnr.ts'
import { calibrationImages, inBatches } from '../testImages.ts'
import { type PackedModel, unpackModel } from './packing.ts'

/** What all tasks of an evaluation have in common. */
export interface Subject {
  readonly model: PackedModel
  readonly train: Dataset
  readonly test: Dataset
  /** Training images that back ends calibrate on, and the seed that draws them. */
  readonly calibration: number
  readonly seed: number
  readonly reference: FloatReference
  /** Test images, from the first, for what is too slow for all of them: layers, attribution, culprits, trials. */
  readonly probes: number
}

/** What is to be found out about one back end at its widths. */
export type Question =
  | { readonly kind: 'result' | 'layers' | 'attribution' | 'culprits' }
  | { readonly kind: 'trial'; readonly trial: Trial }

/** One piece of an evaluation, for any thread. */
export interface EvaluationTask {
  readonly subject: Subject
  readonly job: Job
  readonly question: Question
}

/** The answer to a question. */
export type Answer =
  | { readonly kind: 'result'; readonly result: BackendResult; readonly cost: Cost }
  | { readonly kind: 'layers'; readonly layers: LayerSqnr }
  | { readonly kind: 'attribution'; readonly waterfall: Waterfall }
  | { readonly kind: 'culprits'; readonly culprits: Culprits }
  | { readonly kind: 'trial'; readonly result: TrialResult }

/** Answers one question. The same bits with any executor. */
export function answer({ subject, job, question }: EvaluationTask, executor?: Executor): Answer {
  const model = unpackModel(subject.model)
  if (question.kind === 'result') {
    const data = evaluationData(subject, subject.test)
    const { result, program } = evaluateBackend(model, job, data, subject.reference, executor)
    return { kind: 'result', result, cost: programCost(program) }
  }
  const probes = take(subject.test, subject.probes)
  const data = evaluationData(subject, probes)
  const reference =
    probes.labels.length === subject.test.labels.length ? subject.reference : floatReference(model, data.test)
  switch (question.kind) {
    case 'layers': {
      const { prepared, program } = evaluateBackend(model, job, data, reference, executor)
      const images = data.test.map((batch) => batch.images)
      return { kind: 'layers', layers: layerSqnr(prepared, job, program, images) }
    }
    case 'attribution':
      return { kind: 'attribution', waterfall: attribute(model, job, data, reference) }
    case 'culprits':
      return { kind: 'culprits', culprits: findCulprits(model, job, data, reference) }
    case 'trial': {
      const { images, batch, seed } = question.trial
      const calibration = calibrationImages(subject.train, images, seed, batch)
      const { result } = evaluateBackend(model, job, { ...data, calibration }, reference, executor)
      return { kind: 'trial', result: { ...question.trial, top1: result.top1, sqnrDb: result.sqnrDb } }
    }
  }
}

/** What the task pool calls. */
export function run(task: EvaluationTask): Answer {
  return answer(task)
}

function evaluationData({ train, calibration, seed }: Subject, test: Dataset): EvaluationData {
  return { calibration: calibrationImages(train, calibration, seed), test: inBatches(test) }
}
