import { UnsupportedError } from '../../../../engine/base/errors.ts'
import { normaliseAxis, sizeOf } from '../../../../engine/base/shape.ts'
import type { OnnxAttributes } from '../../attributes.ts'
import { isBig, isFloat, zeroTensor } from '../../elements.ts'
import type { OnnxTensor, OnnxType } from '../../model.ts'
import { roundToType } from '../convert.ts'
import { toSafe } from '../partialShape.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'

type ReduceName = 'ReduceSum' | 'ReduceMean' | 'ReduceMax'

/** A reduction: its axes are an input in newer operator sets (ReduceSum 13, the others 18) and an attribute before. */
function reduce(name: ReduceName): OnnxOperator {
  return {
    name,
    since: 1,
    attributes: { axes: 'ints', keepdims: 'int', noop_with_empty_axes: 'int' },
    constants: [1],
    build(node) {
      const axes = node.listed('axes', 1)
      const given = node.attributes.given('keepdims', 'noop_with_empty_axes')
      node.emit(name, [node.float(0)], { axes, ...given })
    },
    evaluates: ({ inputs }) => inputs[0] !== null && (!isFloat(inputs[0].type) || inputs[0].type === 'float64'),
    evaluate: (call) => [evaluateReduction(name, call)],
  }
}

/** ONNX ReduceSum. */
export const ReduceSum = reduce('ReduceSum')
/** ONNX ReduceMean. */
export const ReduceMean = reduce('ReduceMean')
/** ONNX ReduceMax. */
export const ReduceMax = reduce('ReduceMax')

/** The reduction of any numeric type, bool too for the maximum; integer sums wrap, and a mean is divided towards 0. */
function evaluateReduction(name: ReduceName, { inputs, attributes }: OnnxCall): OnnxTensor {
  const x = inputs[0] as OnnxTensor
  const { type } = x
  if (type === 'bool' && name !== 'ReduceMax') throw new UnsupportedError(`${name}: of bool`)
  const reduced = reducedAxes(x.dims.length, inputs[1] ?? null, attributes, name)
  const kept = x.dims.map((extent, axis) => (reduced[axis] ? 1 : extent))
  const keep = attributes.int('keepdims', 1) !== 0
  const result = zeroTensor(type, keep ? kept : kept.filter((_, axis) => !reduced[axis]))
  if (name === 'ReduceMax') (result.data as Float32Array).fill(lowest(type) as number)
  const index = new Array<number>(x.dims.length).fill(0)
  for (let i = 0; i < x.data.length; i++) {
    let at = 0
    for (const [axis, extent] of kept.entries()) at = at * extent + (reduced[axis] ? 0 : index[axis])
    result.data[at] = combine(name, type, result.data[at], x.data[i])
    for (let axis = x.dims.length - 1; axis >= 0 && ++index[axis] === x.dims[axis]; axis--) index[axis] = 0
  }
  const count = sizeOf(x.dims.filter((_, axis) => reduced[axis]))
  if (name === 'ReduceMean' && count > 0) {
    for (let i = 0; i < result.data.length; i++) {
      const sum = result.data[i]
      if (typeof sum === 'bigint') result.data[i] = sum / BigInt(count)
      else if (!isBig(type)) result.data[i] = roundToType(type, sum / count)
    }
  }
  return result
}

function combine(name: ReduceName, type: OnnxType, a: number | bigint, b: number | bigint): number | bigint {
  if (name === 'ReduceMax') return b > a || Number.isNaN(b) ? b : a
  if (typeof a === 'bigint' || typeof b === 'bigint') return BigInt(a) + BigInt(b)
  return isBig(type) ? a : roundToType(type, a + b)
}

/** The least element of a type, from which a maximum starts. */
function lowest(type: OnnxType): number | bigint {
  if (isFloat(type)) return Number.NEGATIVE_INFINITY
  switch (type) {
    case 'int64':
      return -(2n ** 63n)
    case 'uint64':
      return 0n
    case 'int32':
      return -(2 ** 31)
    case 'int16':
      return -(2 ** 15)
    case 'int8':
      return -128
    default:
      return 0
  }
}

function reducedAxes(rank: number, input: OnnxTensor | null, attributes: OnnxAttributes, name: string): boolean[] {
  const axes = attributes.ints('axes') ?? Array.from((input?.data ?? []) as ArrayLike<number | bigint>, toSafe)
  const all = axes.length === 0 && attributes.int('noop_with_empty_axes', 0) === 0
  const reduced = new Array<boolean>(rank).fill(all)
  for (const axis of axes) reduced[normaliseAxis(axis, rank, name)] = true
  return reduced
}
