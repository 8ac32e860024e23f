/**
 * The functions of the integer module, as assembly/index.ts exports them: pointers, sizes and constants, then the range
 * [begin, end) of units of work. What the numbers are stands there.
 */
type Export = (...numbers: number[]) => void

export interface IntegerExports {
  readonly addF64: Export
  readonly addFma: Export
  readonly addMultiplyShift: Export
  readonly addQ31: Export
  readonly addQ31Single: Export
  readonly addQdq: Export
  readonly addShift: Export
  readonly averageQdq: Export
  readonly averageSums: Export
  readonly clampCodes: Export
  readonly convolve: Export
  readonly copyRuns: Export
  readonly dequantiseCodes: Export
  readonly gemm: Export
  readonly lookUp: Export
  readonly maxPool: Export
  readonly mulQdq: Export
  readonly mulRequantise: Export
  readonly mulZeroInside: Export
  readonly narrowCodes: Export
  readonly packPlanes: Export
  readonly packRows: Export
  readonly quantiseCodes: Export
  readonly rangesOf: Export
  readonly requantise: Export
  readonly widenCodes: Export
}
