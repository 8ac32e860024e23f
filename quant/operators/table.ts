import type { OpName } from '../../engine/ops/names.ts'
import type { Op } from '../../engine/ops/op.ts'
import { ops } from '../../engine/ops/table.ts'
import { ConvInteger } from './convInteger.ts'
import { DequantizeLinear } from './dequantizeLinear.ts'
import { DynamicQuantizeLinear } from './dynamicQuantizeLinear.ts'
import { MatMulInteger } from './matMulInteger.ts'
import type { QuantisedOpName } from './names.ts'
import { QLinearConv } from './qLinearConv.ts'
import { QLinearMatMul } from './qLinearMatMul.ts'
import { QuantizeLinear } from './quantizeLinear.ts'

/** Every operator on codes by its ONNX name. The compiler refuses a table that lacks one. */
export const quantisedOps = {
  ConvInteger,
  DequantizeLinear,
  DynamicQuantizeLinear,
  MatMulInteger,
  QLinearConv,
  QLinearMatMul,
  QuantizeLinear,
} satisfies Record<QuantisedOpName, Op>

/** The engine's operators and those on codes: what a `QuantisedGraph` is run with. */
export const operators = { ...ops, ...quantisedOps } satisfies Record<OpName | QuantisedOpName, Op>
