import type { ProgramValue } from '../../quant/integer/program.ts'
import { valuesByName } from '../../quant/integer/program.ts'
import { type Candidate, readCandidate } from './candidate.ts'
import { type Comparison, compareTensor, notGiven, type TensorReport } from './compareTensor.ts'
import type { Files } from './create.ts'
import { type Diagnosis, diagnoseChain, diagnoseOperator } from './diagnose.ts'
import { countDifferent } from './hypotheses/hypothesis.ts'
import { OUTPUT } from './manifest.ts'
import { callOf, compute, type Operation, operationsOf } from './operation.ts'
import type { Golden } from './read.ts'

/** The operator where a candidate leaves the golden codes. */
export interface Divergence {
  readonly operator: string
  readonly op: Operation['op']
  /** Its place in the program, from 0, the input's quantisation first. */
  readonly position: number
  /** The value whose codes differ. */
  readonly value: string
  /**
   * The operators one of which is at fault, the last being `operator`: those between the codes that are known to be right and the first
   * that are wrong. More than one where intermediates are not given.
   */
  readonly suspects: readonly string[]
  readonly diagnosis: Diagnosis
}

/** What a comparison of a candidate with a golden set found. */
export interface GoldenReport {
  /** 'layout': all codes are right, some in another order, shape or signedness. */
  readonly verdict: 'equal' | 'layout' | 'different'
  readonly golden: {
    readonly model: string
    readonly backend: string
    readonly version: string
    readonly images: number
  }
  /** In the order of the program, the model's output last. */
  readonly tensors: readonly TensorReport[]
  /** The first operator in graph order whose codes differ although its inputs are right; null where none does. */
  readonly first: Divergence | null
  /** Operators whose codes do not follow from the candidate's own inputs, as far as these are given. */
  readonly deviating: readonly string[]
}

/**
 * Compares the files of a candidate with a golden set, and where they differ finds the first operator that does and what it does
 * otherwise. Pure: nothing is read or written elsewhere. Throws `FormatError` and `UnsupportedError` for files that cannot be read.
 */
export function checkGolden(golden: Golden, files: Files): GoldenReport {
  const candidate = readCandidate(golden, files)
  const operations = operationsOf(golden.program)
  const comparisons = compareAll(golden, candidate, operations)
  const tensors = [...comparisons.values()].map(({ report }) => report)
  const isWrong = tensors.some(({ verdict }) => verdict === 'different' || verdict === 'shape')
  const hasLayout = tensors.some(({ verdict }) => verdict === 'layout')
  const { manifest } = golden
  return {
    verdict: isWrong ? 'different' : hasLayout ? 'layout' : 'equal',
    golden: {
      model: manifest.model,
      backend: manifest.backend.name,
      version: manifest.producer.version,
      images: manifest.images,
    },
    tensors,
    first: isWrong ? firstDivergence(golden, operations, comparisons) : null,
    deviating: isWrong ? deviatingOperators(golden, operations, comparisons) : [],
  }
}

function compareAll(
  golden: Golden,
  { values, output }: Candidate,
  operations: readonly Operation[],
): Map<string, Comparison> {
  const byName = valuesByName(golden.program.header)
  const comparisons = new Map<string, Comparison>()
  const compareValue = (value: string, names: { name: string; operator: string }, tensor = values.get(value)): void => {
    const dims = [golden.images.shape[0], ...(byName.get(value) as ProgramValue).shape]
    const expected = golden.codes.get(value) as Int32Array
    comparisons.set(
      names.name,
      tensor === undefined ? notGiven(names, dims) : compareTensor(names, expected, dims, tensor),
    )
  }
  for (const { name, output: value } of operations) compareValue(value, { name: value, operator: name })
  if (output !== null) {
    const last = golden.program.header.output
    compareValue(last, { name: OUTPUT, operator: `${last} (dequantised)` }, output)
  }
  return comparisons
}

function isKnownRight(comparison: Comparison | undefined): boolean {
  return comparison !== undefined && /^(equal|layout)$/.test(comparison.report.verdict)
}

/** The operators between codes that are known to be right and `last`, in order, `last` included. */
function suspectsOf(
  last: Operation,
  operations: readonly Operation[],
  comparisons: ReadonlyMap<string, Comparison>,
): Operation[] {
  const byOutput = new Map(operations.map((operation) => [operation.output, operation]))
  const found = new Set<Operation>()
  const pending = [last]
  for (let operation = pending.pop(); operation !== undefined; operation = pending.pop()) {
    if (found.has(operation)) continue
    found.add(operation)
    for (const input of operation.inputs) {
      if (!isKnownRight(comparisons.get(input))) pending.push(byOutput.get(input) as Operation)
    }
  }
  return operations.filter((operation) => found.has(operation))
}

const nothing: Diagnosis = { reproducing: [], nearest: null, isComplete: true }

function firstDivergence(
  golden: Golden,
  operations: readonly Operation[],
  comparisons: ReadonlyMap<string, Comparison>,
): Divergence | null {
  const position = operations.findIndex(({ output }) => {
    const verdict = comparisons.get(output)?.report.verdict
    return verdict === 'different' || verdict === 'shape'
  })
  // Only the dequantised output differs: no operator on codes is at fault.
  if (position === -1) return null
  const operation = operations[position]
  const { name: operator, op, output: value } = operation
  const suspects = suspectsOf(operation, operations, comparisons)
  const aligned = comparisons.get(value)?.aligned ?? null
  const isDiagnosable = aligned !== null && countDifferent(aligned, golden.codes.get(value) as Int32Array) > 0
  const diagnosis = !isDiagnosable
    ? nothing
    : suspects.length === 1
      ? diagnoseOperator(golden, operation, aligned)
      : diagnoseChain(golden, suspects, aligned)
  return { operator, op, position, value, suspects: suspects.map(({ name }) => name), diagnosis }
}

function deviatingOperators(
  golden: Golden,
  operations: readonly Operation[],
  comparisons: ReadonlyMap<string, Comparison>,
): string[] {
  const { program, images } = golden
  const values = valuesByName(program.header)
  const given = new Map<string, Int32Array>()
  for (const { output } of operations) {
    const aligned = comparisons.get(output)?.aligned
    const { qmin, qmax } = values.get(output) as ProgramValue
    if (aligned?.every((q) => q >= qmin && q <= qmax)) given.set(output, aligned)
  }
  const deviating = operations.filter((operation) => {
    const actual = comparisons.get(operation.output)?.aligned ?? null
    if (actual === null || !operation.inputs.every((name) => given.has(name))) return false
    return countDifferent(compute(callOf(operation, program, given, images.data, images.shape[0])), actual) > 0
  })
  return deviating.map(({ name }) => name)
}
