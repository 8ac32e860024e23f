import { addF64, addFma, addMultiplyShift, addQ31, addQ31Single, addQdq, addShift } from './add.ts'
import { averagePool } from './averagePool.ts'
import { clampCodes } from './clamp.ts'
import { copyRuns } from './concat.ts'
import { narrowCodes, widenCodes } from './convert.ts'
import { convolve } from './convolve.ts'
import { gemm, packRows } from './gemm.ts'
import { lookUp } from './lookUp.ts'
import { maxPool } from './maxPool.ts'
import { mulQdq, mulRequantise, mulZeroInside } from './mul.ts'
import { packPlanes } from './packPlanes.ts'
import { dequantiseCodes, quantiseCodes } from './quantise.ts'
import { rangesOf } from './rangesOf.ts'
import { softmaxFixedPoint } from './softmaxFixedPoint.ts'
import { softmaxTable } from './softmaxTable.ts'
import { transposeCodes } from './transpose.ts'

/** The plain TypeScript kernels of the integer path: the definition of every bit. */
export const plainIntegerKernels = {
  addF64,
  addFma,
  addMultiplyShift,
  addQ31,
  addQ31Single,
  addQdq,
  addShift,
  averagePool,
  clampCodes,
  convolve,
  copyRuns,
  dequantiseCodes,
  gemm,
  lookUp,
  maxPool,
  mulQdq,
  mulRequantise,
  mulZeroInside,
  narrowCodes,
  packPlanes,
  packRows,
  quantiseCodes,
  rangesOf,
  softmaxFixedPoint,
  softmaxTable,
  transposeCodes,
  widenCodes,
}

/** What an integer session computes with. A faster table has the same keys, signatures and results. */
export type IntegerKernels = typeof plainIntegerKernels
