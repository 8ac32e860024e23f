import { requantiseRow } from '../requantise/requantiser.ts'
import { addF64, addQ31, addQdq, addShift } from './add.ts'
import { averageQdq, averageRaw, windowSums } from './averagePool.ts'
import { centrePlanes } from './centre.ts'
import { clampCodes } from './clamp.ts'
import { copyRuns } from './concat.ts'
import { dot1, dot4 } from './dot.ts'
import { maxPoolPlane } from './maxPool.ts'

/** The plain TypeScript kernels of the integer path: the definition of every bit. */
export const plainIntegerKernels = {
  addF64,
  addQ31,
  addQdq,
  addShift,
  averageQdq,
  averageRaw,
  centrePlanes,
  clampCodes,
  copyRuns,
  dot1,
  dot4,
  maxPoolPlane,
  requantiseRow,
  windowSums,
}

/** What an integer session computes with. A faster table has the same keys, signatures and results. */
export type IntegerKernels = typeof plainIntegerKernels
