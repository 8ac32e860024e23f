import type { Backend } from '../integer/backend.ts'
import { tosaArithmetic, tosaCommon } from './tosa.ts'

/**
 * TOSA with DOUBLE_ROUND (extension EXT-DOUBLEROUND).
 * Example, multiplier 2^-10: a sum of 511 becomes 1, -512 becomes -1.
 */
export const tosaDouble: Backend = {
  name: 'tosa-double',
  title: 'TOSA, RESCALE with double rounding',
  models: 'the TOSA 1.1 specification with EXT-DOUBLEROUND, RESCALE with rounding_mode DOUBLE_ROUND',
  ...tosaCommon,
  ...tosaArithmetic('double'),
}
