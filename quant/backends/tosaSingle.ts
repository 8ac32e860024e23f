import type { Backend } from '../integer/backend.ts'
import { tosaArithmetic, tosaCommon } from './tosa.ts'

/**
 * TOSA with SINGLE_ROUND.
 * Example, multiplier 2^-10: a sum of 511 becomes 0, 512 becomes 1, -512 becomes 0.
 */
export const tosaSingle: Backend = {
  name: 'tosa-single',
  title: 'TOSA, RESCALE with single rounding',
  models: 'the TOSA 1.1 specification, RESCALE with rounding_mode SINGLE_ROUND',
  ...tosaCommon,
  ...tosaArithmetic('single'),
}
