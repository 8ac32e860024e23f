import type { OnnxType } from '../../model.ts'
import type { NodeAttributes, NodeBuilder } from '../nodeBuilder.ts'

/** The types of codes that float32 holds exactly, so that an operator which only selects can be run on floats. */
const CODE_TYPES: readonly OnnxType[] = ['int8', 'uint8', 'int16', 'uint16']

/** Whether an operator of the engine can stand for one on a type: on float32 itself, or around it for codes. */
export function isFloatOrCodes(type: OnnxType | undefined): boolean {
  return type === 'float32' || (type !== undefined && CODE_TYPES.includes(type))
}

/**
 * Adds an operator of one input that gives nothing but elements and bounds that it was given (Clip, MaxPool, Relu). The
 * engine has it for float32; codes go through float32 and back by scale 1, exactly.
 */
export function emitOverCodes(node: NodeBuilder, op: 'Clip' | 'MaxPool' | 'Relu', attributes: NodeAttributes): void {
  const type = node.type(0)
  if (!CODE_TYPES.includes(type)) {
    node.emit(op, [node.float(0)], attributes)
    return
  }
  const one = node.constantTensor('one', { type: 'float32', dims: [], data: Float32Array.of(1) })
  const x = node.step('DequantizeLinear', 'real', [node.tensor(0), one], {})
  const y = node.step(op, 'selected', [x], attributes)
  node.emit('QuantizeLinear', [y, one], { output_dtype: type }, [type])
}
