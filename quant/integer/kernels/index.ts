import { addF64, addQ31, addQdq, addShift } from './add.ts'
import { averagePool } from './averagePool.ts'
import { clampCodes } from './clamp.ts'
import { copyRuns } from './concat.ts'
import { narrowCodes, widenCodes } from './convert.ts'
import { convolve } from './convolve.ts'
import { gemm, packRows } from './gemm.ts'
import { maxPool } from './maxPool.ts'
import { packPlanes } from './packPlanes.ts'
import { dequantiseCodes, quantiseCodes } from './quantise.ts'

/** The plain TypeScript kernels of the integer path: the definition of every bit. */
export const plainIntegerKernels = {
  addF64,
  addQ31,
  addQdq,
  addShift,
  averagePool,
  clampCodes,
  convolve,
  copyRuns,
  dequantiseCodes,
  gemm,
  maxPool,
  narrowCodes,
  packPlanes,
  packRows,
  quantiseCodes,
  widenCodes,
}

/** What an integer session computes with. A faster table has the same keys, signatures and results. */
export type IntegerKernels = typeof plainIntegerKernels
