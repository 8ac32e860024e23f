import { FormatError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { nameOfCode, typeOfCode } from '../../codec/types.ts'
import type { OnnxTensor, OnnxType } from '../../model.ts'
import { castTensor } from '../convert.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'

/**
 * ONNX Cast. In a graph it can only be no cast at all, or int64 to int32 and back, which are both held in int32; what is known
 * at import is cast to every type.
 */
export const Cast: OnnxOperator = {
  name: 'Cast',
  since: 6,
  attributes: { to: 'int', saturate: 'int', round_mode: 'string' },
  build(node) {
    const from = node.type(0)
    const to = targetOf(node.attributes)
    const isIndex = (type: OnnxType): boolean => type === 'int32' || type === 'int64'
    if (from !== to && !(isIndex(from) && isIndex(to)))
      node.refuse(`from ${from} to ${to}, of values known only at run time`)
    node.alias(0, to)
  },
  evaluates: () => true,
  evaluate({ inputs, attributes }) {
    return [castTensor(inputs[0] as OnnxTensor, targetOf(attributes), attributes.int('saturate', 1) === 1)]
  },
}

/** The type that a Cast casts to. */
function targetOf(attributes: OnnxCall['attributes']): OnnxType {
  const code = attributes.int('to', 0)
  const type = typeOfCode(code)
  if (type !== null) return type
  const name = nameOfCode(code)
  if (name === null) throw new FormatError(`Cast: its attribute to is ${code}, which is no type`)
  throw new UnsupportedError(`Cast: to ${name}`)
}
