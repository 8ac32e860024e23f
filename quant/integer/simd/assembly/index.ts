/**
 * Every kernel that the integer module exports. Conventions as in engine/simd/assembly/index.ts: pointers, sizes and
 * constants, then the range [begin, end) of units of work, which write disjoint outputs. Codes are int8. No data, start or
 * global section may come about. Where "may read more" is said, what lies behind the array is read but never matters.
 */

export { addF64, addQ31, addQdq, addShift } from './add'
export { addFma, addMultiplyShift, addQ31Single } from './addRatios'
export { averageQdq, averageSums } from './averagePool'
export { clampCodes } from './clamp'
export { copyRuns } from './concat'
export { narrowCodes, widenCodes } from './convert'
export { convolve } from './convolve'
export { gemm, packRows } from './gemm'
export { lookUp } from './lookUp'
export { maxPool } from './maxPool'
export { mulQdq, mulRequantise, mulZeroInside } from './mul'
export { packPlanes } from './packPlanes'
export { dequantiseCodes, quantiseCodes } from './quantise'
export { rangesOf } from './rangesOf'
export { requantise } from './requantiseRow'
