/**
 * The kernel table: every arithmetic loop of the engine, by name. These plain-TypeScript functions are the definition
 * of every bit; any other implementation of a kernel must equal them. Typed arrays and integers in, results written to
 * `out`; no allocation, no closures in inner loops, float32 rounding after every operation unless the file says so.
 */

import { add } from './add.ts'
import { relu, reluGrad } from './relu.ts'

export const plainKernels = {
  add,
  relu,
  reluGrad,
}

/** The signatures that every implementation of the kernels shares. */
export type Kernels = typeof plainKernels
