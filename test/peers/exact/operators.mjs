// What is compared, in the order of the table.

import { convInteger, qLinearConv } from './operators/conv.mjs'
import { dynamicQuantizeLinear } from './operators/dynamicQuantiseLinear.mjs'
import { literalOperators } from './operators/literal.mjs'
import { matMulInteger, qLinearMatMul } from './operators/matMul.mjs'
import { networkOperators } from './operators/networks.mjs'
import { qdqOperators } from './operators/qdq.mjs'
import { dequantizeLinear, quantizeLinear } from './operators/quantiseLinear.mjs'
import { withOurOperators } from './ourOperators.mjs'

const raw = [
  quantizeLinear,
  dequantizeLinear,
  dynamicQuantizeLinear,
  matMulInteger,
  convInteger,
  qLinearMatMul,
  qLinearConv,
].map(withOurOperators)

export const operators = [...raw, ...qdqOperators, ...networkOperators, ...literalOperators]
