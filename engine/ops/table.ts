import type { OpName } from './names.ts'
import type { Op } from './op.ts'
import { Relu } from './relu.ts'

/** Every operator by its ONNX name. The compiler refuses a table that lacks one. */
export const ops = {
  Relu,
} satisfies Partial<Record<OpName, Op>>
