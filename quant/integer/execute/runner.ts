import { FormatError } from '../../../engine/base/errors.ts'
import type { IntegerKernels } from '../kernels/index.ts'
import { type Place, placeArrays } from '../placement.ts'
import type { ProgramConstants } from '../program.ts'
import type { BufferArray, Stored, StoredValue } from '../storage.ts'
import type { FloatOperators } from './floatOperators.ts'

/** Memory that steps share: what one leaves there no other needs. */
export interface Scratch {
  /** Centred codes in the order that products read them. */
  readonly packed: Int16Array
  /** int32 sums before requantisation. */
  readonly sums: Int32Array
}

/** What a step runs on: `batch` images in each input, and in `out`. Most steps know int8 codes only. */
export interface StepCall<I extends BufferArray = Int8Array, O extends BufferArray = I> {
  readonly kernels: IntegerKernels
  readonly inputs: readonly I[]
  readonly batch: number
  readonly scratch: Scratch
  readonly out: O
}

/** How much scratch a step needs, in elements. */
export interface ScratchNeeds {
  readonly packed: number
  readonly sums: number
}

/** A step made ready. */
export interface PreparedStep {
  readonly needs: ScratchNeeds
  /** Moves the step's constants. */
  place(place: Place): void
  run(call: StepCall<BufferArray>): void
}

/** What a step on codes is prepared with. */
export interface Preparation {
  readonly inputs: readonly StoredValue[]
  readonly output: StoredValue
  readonly constants: ProgramConstants
}

/** What any step is prepared with. */
export interface AnyPreparation {
  readonly inputs: readonly Stored[]
  readonly output: Stored
  readonly constants: ProgramConstants
  /** Wanted for steps that are operators on real numbers. */
  readonly floatOperators?: FloatOperators
}

/** Elements read behind the last that counts, by kernels that take several at a time. */
export const SLACK = 16

/** A step from its plan (constants that can be moved, and numbers), its scratch, and what it does with them. */
export function prepared<P extends object, I extends BufferArray = Int8Array, O extends BufferArray = I>(
  plan: P,
  needs: ScratchNeeds,
  run: (plan: P, call: StepCall<I, O>) => void,
): PreparedStep {
  let placed = plan
  return {
    needs,
    place(place) {
      placed = placeArrays(placed, place)
    },
    // What it was prepared for tells the types of its arrays.
    run: (call) => run(placed, call as StepCall<BufferArray, BufferArray> as StepCall<I, O>),
  }
}

/** No scratch. */
export const noScratch: ScratchNeeds = { packed: 0, sums: 0 }

/** Throws `FormatError`, naming the step, when a program contradicts itself. */
export function require(condition: boolean, step: string, wanted: string): asserts condition {
  if (!condition) throw new FormatError(`program: step '${step}': wanted ${wanted}; the program is damaged`)
}

/** The same preparation where all tensors are codes. Throws `FormatError`, naming the step, where one is not. */
export function codesOnly(step: string, { inputs, output, constants }: AnyPreparation): Preparation {
  const isCodes = (value: Stored): value is StoredValue => value.storage !== 'float32'
  require(inputs.every(isCodes) && isCodes(output), step, 'codes in and out')
  return { inputs: inputs as readonly StoredValue[], output, constants }
}
