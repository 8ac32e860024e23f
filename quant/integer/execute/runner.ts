import { FormatError } from '../../../engine/base/errors.ts'
import type { IntegerKernels } from '../kernels/index.ts'
import { type Place, placeArrays } from '../placement.ts'
import type { ProgramConstants } from '../program.ts'
import type { StoredValue } from '../storage.ts'

/** Memory that steps share: what one leaves there no other needs. */
export interface Scratch {
  /** Centred codes in the order that products read them. */
  readonly packed: Int16Array
  /** int32 sums before requantisation. */
  readonly sums: Int32Array
}

/** What a step runs on: `batch` images of codes in each input, and in `out`. */
export interface StepCall {
  readonly kernels: IntegerKernels
  readonly inputs: readonly Int8Array[]
  readonly batch: number
  readonly scratch: Scratch
  readonly out: Int8Array
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
  run(call: StepCall): void
}

/** What a step is prepared with. */
export interface Preparation {
  readonly inputs: readonly StoredValue[]
  readonly output: StoredValue
  readonly constants: ProgramConstants
}

/** Elements read behind the last that counts, by kernels that take several at a time. */
export const SLACK = 16

/** A step from its plan (constants that can be moved, and numbers), its scratch, and what it does with them. */
export function prepared<P extends object>(
  plan: P,
  needs: ScratchNeeds,
  run: (plan: P, call: StepCall) => void,
): PreparedStep {
  let placed = plan
  return {
    needs,
    place(place) {
      placed = placeArrays(placed, place)
    },
    run: (call) => run(placed, call),
  }
}

/** No scratch. */
export const noScratch: ScratchNeeds = { packed: 0, sums: 0 }

/** Throws `FormatError`, naming the step, when a program contradicts itself. */
export function require(condition: boolean, step: string, wanted: string): asserts condition {
  if (!condition) throw new FormatError(`program: step '${step}': wanted ${wanted}; the program is damaged`)
}
