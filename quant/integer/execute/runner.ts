import { FormatError } from '../../../engine/base/errors.ts'
import type { IntegerKernels } from '../kernels/index.ts'
import type { ProgramConstants, ProgramValue } from '../program.ts'

/** A step made ready: reads `batch` images of codes from each input, writes `batch` images to `out`. */
export type Runner = (inputs: readonly Int32Array[], batch: number, out: Int32Array) => void

/** What a step is prepared with. */
export interface Preparation {
  readonly inputs: readonly ProgramValue[]
  readonly output: ProgramValue
  readonly constants: ProgramConstants
  readonly kernels: IntegerKernels
}

/** Throws `FormatError`, naming the step, when a program contradicts itself. */
export function require(condition: boolean, step: string, wanted: string): asserts condition {
  if (!condition) throw new FormatError(`program: step '${step}': wanted ${wanted}; the program is damaged`)
}
