/** Why an operator's codes are not the golden ones: which other semantics give exactly the candidate's. */

import { sizeOf } from '../../engine/base/shape.ts'
import { type ProgramValue, valuesByName } from '../../quant/integer/program.ts'
import { channelFindings } from './hypotheses/channels.ts'
import { countDifferent, type Hypothesis } from './hypotheses/hypothesis.ts'
import { hypothesesFor } from './hypotheses/index.ts'
import { boundHypotheses } from './hypotheses/limits.ts'
import { isLayerCall } from './layerSums.ts'
import { callOf, compute, type Operation } from './operation.ts'
import type { Golden } from './read.ts'

/** Other semantics, and how well they explain a candidate. */
export interface Explanation {
  /** Short, such as 'ties away from zero' or 'flipped weight bit'. */
  readonly name: string
  readonly sentence: string
  /** The operator that has them; null: every operator that they concern. */
  readonly operator: string | null
  /** How many codes still differ; 0 for an explanation that reproduces the candidate. */
  readonly different: number
}

/** What came of the search. */
export interface Diagnosis {
  /** Those that reproduce every code, the simplest first. */
  readonly reproducing: readonly Explanation[]
  /** Where none does: the one that leaves the fewest differences, if it leaves fewer than there are. */
  readonly nearest: Explanation | null
  /** Whether all was tried that is known; a large network with few given tensors is searched in part. */
  readonly isComplete: boolean
}

/** Multiplications that a search through several operators may take: less than a minute. */
const WORK = 4e9

/** Sorts explanations out. */
class Findings {
  readonly reproducing: Explanation[] = []
  nearest: Explanation | null = null

  /** `before`: how many codes differ without any explanation. */
  constructor(before: number) {
    this.#before = before
  }

  readonly #before: number

  add(explanation: Explanation): void {
    if (explanation.different === 0) this.reproducing.push(explanation)
    else if (explanation.different < (this.nearest?.different ?? this.#before)) this.nearest = explanation
  }

  result(isComplete: boolean): Diagnosis {
    return { reproducing: this.reproducing, nearest: this.reproducing.length > 0 ? null : this.nearest, isComplete }
  }
}

/** Diagnoses one operator whose inputs are the golden ones. `actual` are the candidate's codes in golden order. */
export function diagnoseOperator(golden: Golden, operation: Operation, actual: Int32Array): Diagnosis {
  const { program, codes, images } = golden
  const expected = codes.get(operation.output) as Int32Array
  const call = callOf(operation, program, codes, images.data, images.shape[0])
  const findings = new Findings(countDifferent(expected, actual))
  const ordered: { changes: number; explanation: () => Explanation | null }[] = []
  for (const hypothesis of [...hypothesesFor(program), ...boundHypotheses(actual)]) {
    const explanation = (): Explanation | null => {
      const result = hypothesis.run(call)
      return result === null ? null : explain(hypothesis, operation.name, countDifferent(result, actual))
    }
    ordered.push({ changes: hypothesis.changes, explanation })
  }
  if (isLayerCall(call)) {
    for (const finding of channelFindings(call, expected, actual)) {
      const different = countDifferent(finding.codes, actual)
      ordered.push({ changes: finding.changes, explanation: () => explain(finding, operation.name, different) })
    }
  }
  ordered.sort((a, b) => a.changes - b.changes)
  for (const { explanation } of ordered) {
    const found = explanation()
    if (found !== null) findings.add(found)
  }
  return findings.result(true)
}

function explain(
  { name, sentence }: Pick<Hypothesis, 'name' | 'sentence'>,
  operator: string | null,
  different: number,
): Explanation {
  return { name, sentence, operator, different }
}

/** Multiplications of an operation for one image. */
function workOf(operation: Operation, values: ReadonlyMap<string, ProgramValue>): number {
  const size = sizeOf((values.get(operation.output) as ProgramValue).shape)
  if (operation.op !== 'conv' && operation.op !== 'gemm') return 4 * size
  return size * sizeOf(operation.weight.shape.slice(1))
}

/** A part of the golden images: `count` from `first` on. */
interface Part {
  readonly codes: ReadonlyMap<string, Int32Array>
  readonly images: Float32Array
  readonly count: number
}

function partOf({ codes, images }: Golden, first: number, count: number): Part {
  const batch = images.shape[0]
  const cut = <A extends Int32Array | Float32Array>(x: A): A => {
    const size = x.length / batch
    return x.subarray(first * size, (first + count) * size) as A
  }
  return { codes: new Map(Array.from(codes, ([name, x]) => [name, cut(x)])), images: cut(images.data), count }
}

/**
 * The codes of the last of `operations`, run from golden codes, with a hypothesis about one of them or (null) about each. null where it concerns
 * none.
 */
function rerun(
  golden: Golden,
  operations: readonly Operation[],
  hypothesis: Hypothesis,
  only: Operation | null,
  { codes, images, count }: Part,
): Int32Array | null {
  const known = new Map(codes)
  let hasChanged = false
  for (const operation of operations) {
    const call = callOf(operation, golden.program, known, images, count)
    const other = only === null || only === operation ? hypothesis.run(call) : null
    if (other === null && !hasChanged) continue
    hasChanged = true
    known.set(operation.output, other ?? compute(call))
  }
  return hasChanged ? (known.get(operations[operations.length - 1].output) as Int32Array) : null
}

/**
 * Diagnoses several operators in a row, of which only the last one's result is given: each hypothesis about all of them, then about each
 * alone. One image with a difference decides what is tried on all images.
 */
export function diagnoseChain(golden: Golden, operations: readonly Operation[], actual: Int32Array): Diagnosis {
  const { program, images, codes } = golden
  const { output } = operations[operations.length - 1]
  const expected = codes.get(output) as Int32Array
  const size = actual.length / images.shape[0]
  const image = Math.floor(actual.findIndex((q, i) => q !== expected[i]) / size)
  const one = partOf(golden, image, 1)
  const all = partOf(golden, 0, images.shape[0])
  const wanted = actual.subarray(image * size, (image + 1) * size)
  const values = valuesByName(program.header)
  const costs = operations.map((operation) => workOf(operation, values))
  const total = costs.reduce((a, b) => a + b, 0)
  const findings = new Findings(countDifferent(expected, actual))
  const hypotheses = hypothesesFor(program)
  let work = 0

  const attempt = (hypothesis: Hypothesis, only: Operation | null): void => {
    const result = rerun(golden, operations, hypothesis, only, one)
    if (result === null) return
    work += only === null ? total : costs.slice(operations.indexOf(only)).reduce((a, b) => a + b, 0)
    if (countDifferent(result, wanted) > 0) return
    const whole = rerun(golden, operations, hypothesis, only, all) as Int32Array
    findings.add(explain(hypothesis, only?.name ?? null, countDifferent(whole, actual)))
  }
  for (const hypothesis of hypotheses) if (work < WORK) attempt(hypothesis, null)
  // A fault of one operator is searched for only where no common cause is found, and one change at a time.
  if (findings.reproducing.length === 0) {
    for (const hypothesis of hypotheses.filter(({ changes }) => changes === 1)) {
      for (const operation of operations) if (work < WORK) attempt(hypothesis, operation)
    }
  }
  return findings.result(work < WORK)
}
