import { ShapeError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { roundHalfEven } from '../../../../engine/base/rounding.ts'
import { checkScale, type ScaleAttributes, scaleLayout } from '../../../../quant/operators/scaleLayout.ts'
import type { OnnxAttributes } from '../../attributes.ts'
import { typeInfo, typeOfCode } from '../../codec/types.ts'
import { isBig, isFloat, zeroTensor } from '../../elements.ts'
import type { OnnxTensor, OnnxType } from '../../model.ts'
import { roundToType } from '../convert.ts'
import type { OnnxOperator } from './operator.ts'

const CODE_TYPES: readonly OnnxType[] = ['int4', 'uint4', 'int8', 'uint8', 'int16', 'uint16']

/** The type that an attribute names by its number, or `absent`. Throws `UnsupportedError` for one that is not read. */
function typeAttribute(attributes: OnnxAttributes, name: string, absent: OnnxType): OnnxType {
  const code = attributes.int(name, 0)
  const type = code === 0 ? absent : typeOfCode(code)
  if (type === null) throw new UnsupportedError(`the type ${code} of attribute '${name}'`)
  return type
}

/** The type of the codes that QuantizeLinear gives: of its zero point, else its attribute output_dtype, else uint8. */
function codeType(zeroPoint: OnnxType | null, attributes: OnnxAttributes): OnnxType {
  return zeroPoint ?? typeAttribute(attributes, 'output_dtype', 'uint8')
}

/** ONNX QuantizeLinear; float8, float4 and 2-bit codes, and scales that are not float32, are only evaluated. */
export const QuantizeLinear: OnnxOperator = {
  name: 'QuantizeLinear',
  since: 10,
  requires: 2,
  attributes: { axis: 'int', block_size: 'int', output_dtype: 'int', precision: 'int', saturate: 'int' },
  fold: false,
  build(node) {
    const type = codeType(node.has(2) ? node.type(2) : null, node.attributes)
    if (!CODE_TYPES.includes(type)) node.refuse(`codes of type ${type}; wanted ${CODE_TYPES.join(', ')}`)
    const precision = typeAttribute(node.attributes, 'precision', 'float32')
    if (precision !== 'float32') node.refuse(`precision ${precision}; wanted float32`)
    const x = node.type(0) === 'int32' ? node.tensor(0) : node.float(0)
    const attributes = { ...node.attributes.given('axis', 'block_size'), output_dtype: type }
    node.emit('QuantizeLinear', [x, node.float(1), node.tensor(2)], attributes, [type])
  },
  evaluates: ({ inputs, attributes }) =>
    inputs[1]?.type !== 'float32' ||
    typeAttribute(attributes, 'precision', 'float32') !== 'float32' ||
    !CODE_TYPES.includes(codeType(inputs[2]?.type ?? null, attributes)),
  evaluate(call) {
    const [x, scale, zeroPoint = null] = call.inputs
    return [quantise(x as OnnxTensor, scale as OnnxTensor, zeroPoint, call.attributes)]
  },
}

/** ONNX DequantizeLinear; float8, float4 and 2-bit codes, and scales that are not float32, are only evaluated. */
export const DequantizeLinear: OnnxOperator = {
  name: 'DequantizeLinear',
  since: 10,
  requires: 2,
  attributes: { axis: 'int', block_size: 'int', output_dtype: 'int' },
  fold: false,
  build(node) {
    const type = node.type(0)
    if (type !== 'int32' && !CODE_TYPES.includes(type)) node.refuse(`codes of type ${type}`)
    const result = typeAttribute(node.attributes, 'output_dtype', 'float32')
    if (result !== 'float32') node.refuse(`output_dtype ${result}; wanted float32`)
    const inputs = [node.tensor(0), node.float(1), node.tensor(2)]
    node.emit('DequantizeLinear', inputs, node.attributes.given('axis', 'block_size'), ['float32'])
  },
  evaluates: ({ inputs: [x, scale], attributes }) =>
    scale?.type !== 'float32' ||
    typeAttribute(attributes, 'output_dtype', 'float32') !== 'float32' ||
    (x?.type !== 'int32' && !CODE_TYPES.includes(x?.type ?? 'int32')),
  evaluate(call) {
    const [x, scale, zeroPoint = null] = call.inputs
    return [dequantise(x as OnnxTensor, scale as OnnxTensor, zeroPoint, call.attributes)]
  },
}

/** ONNX DynamicQuantizeLinear. */
export const DynamicQuantizeLinear: OnnxOperator = {
  name: 'DynamicQuantizeLinear',
  since: 11,
  fold: false,
  build(node) {
    node.emit('DynamicQuantizeLinear', [node.float(0)], {}, ['uint8', 'float32', 'uint8'])
  },
}

/** What both directions walk over: the position of the scale for each element. */
function scalePositions(x: OnnxTensor, scale: OnnxTensor, zeroPoint: OnnxTensor | null, attributes: OnnxAttributes) {
  const given = attributes.given('axis', 'block_size') as ScaleAttributes
  const spec = (tensor: OnnxTensor) => ({ dtype: 'float32', shape: tensor.dims }) as const
  checkScale(x.dims, spec(scale), zeroPoint && spec(zeroPoint), 'float32', given, 'scale')
  const { outer, extent, inner, block, outerStride, blockStride, innerStride } = scaleLayout(x.dims, scale.dims, given)
  const positions = new Int32Array(x.data.length)
  for (let o = 0, at = 0; o < outer; o++) {
    for (let a = 0; a < extent; a++) {
      const begin = o * outerStride + Math.floor(a / block) * blockStride
      for (let i = 0; i < inner; i++) positions[at++] = begin + i * innerStride
    }
  }
  return positions
}

/**
 * The text's formula for any type of codes, the division in the scale's precision or the one that is asked for. Floating
 * point codes have no zero point and are rounded as Cast rounds them.
 */
function quantise(
  x: OnnxTensor,
  scale: OnnxTensor,
  zeroPoint: OnnxTensor | null,
  attributes: OnnxAttributes,
): OnnxTensor {
  const type = codeType(zeroPoint?.type ?? null, attributes)
  if (isBig(type) || isBig(x.type) || typeInfo[type].bits > 16) throw new UnsupportedError(`QuantizeLinear: to ${type}`)
  const result = zeroTensor(type, x.dims)
  const positions = scalePositions(x, scale, zeroPoint, attributes)
  const saturate = attributes.int('saturate', 1) === 1
  const precision = typeAttribute(attributes, 'precision', scale.type)
  if (!isFloat(precision) || isBig(precision)) {
    throw new ShapeError(`QuantizeLinear: a precision of type ${precision}`)
  }
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i]
    const steps = roundToType(precision, (x.data[i] as number) / (scale.data[at] as number))
    result.data[i] = isFloat(type)
      ? roundToType(type, steps, saturate)
      : clampCode(roundHalfEven(steps) + Number(zeroPoint?.data[at] ?? 0), type)
  }
  return result
}

/** Saturation to an integer type of at most 16 bits; NaN goes to the lowest code. */
function clampCode(code: number, type: OnnxType): number {
  const signed = type.startsWith('int')
  const count = 2 ** typeInfo[type].bits
  const low = signed ? -count / 2 : 0
  return code >= low ? Math.min(code, low + count - 1) : low
}

/** (x - zero point) scale in float32, rounded to the scale's type or the one that is asked for. */
function dequantise(
  x: OnnxTensor,
  scale: OnnxTensor,
  zeroPoint: OnnxTensor | null,
  attributes: OnnxAttributes,
): OnnxTensor {
  const type = typeAttribute(attributes, 'output_dtype', scale.type)
  if (isBig(type) || !isFloat(type) || isBig(x.type)) throw new ShapeError(`DequantizeLinear: a scale of type ${type}`)
  const result = zeroTensor(type, x.dims)
  const positions = scalePositions(x, scale, zeroPoint, attributes)
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i]
    const difference = Math.fround((x.data[i] as number) - Number(zeroPoint?.data[at] ?? 0))
    result.data[i] = roundToType(type, Math.fround(difference * (scale.data[at] as number)))
  }
  return result
}
