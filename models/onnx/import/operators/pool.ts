import { FormatError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../../../engine/base/shape.ts'
import { countElements, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import type { NodeAttributes, NodeBuilder } from '../nodeBuilder.ts'
import { autoPad, kernelShape, reach, slidingPads, type Window, windowOf } from '../window.ts'
import type { OnnxOperator } from './operator.ts'
import { emitOverCodes, isFloatOrCodes } from './overCodes.ts'

const poolAttributes = {
  auto_pad: 'string',
  ceil_mode: 'int',
  dilations: 'ints',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
} as const

/** The window's attributes, auto_pad made pads. */
function poolWindow(node: NodeBuilder): NodeAttributes {
  const { attributes } = node
  const kernel = kernelShape(attributes, node.where)
  const given = attributes.given('kernel_shape', 'strides', 'pads', 'dilations', 'ceil_mode')
  const padding = autoPad(attributes, node.where)
  if (padding === 'NOTSET') return given
  const extents = node.shape(0).slice(2)
  if (padding !== 'VALID' && extents.includes(null)) {
    node.refuse('its padding follows from extents that are known only at run time; bind them in the option dims')
  }
  const window = windowOf(attributes, kernel, node.where)
  return { ...given, pads: slidingPads(window, extents as number[], padding) }
}

/** ONNX AveragePool. */
export const AveragePool: OnnxOperator = {
  name: 'AveragePool',
  since: 7,
  attributes: { ...poolAttributes, count_include_pad: 'int' },
  build(node) {
    node.emit('AveragePool', [node.float(0)], {
      ...poolWindow(node),
      ...node.attributes.given('count_include_pad'),
    })
  },
}

/** ONNX MaxPool. Its second output, the positions of the maxima, is only evaluated. */
export const MaxPool: OnnxOperator = {
  name: 'MaxPool',
  since: 1,
  attributes: { ...poolAttributes, storage_order: 'int' },
  build(node) {
    if (node.outputCount > 1) node.refuse('its output Indices')
    emitOverCodes(node, 'MaxPool', poolWindow(node))
  },
  evaluates: ({ inputs, outputs }) => outputs > 1 || !isFloatOrCodes(inputs[0]?.type),
  evaluate({ inputs, attributes, outputs, maxElements }) {
    const x = inputs[0] as OnnxTensor
    if (x.type === 'bool' || x.dims.length < 3)
      throw new UnsupportedError(`MaxPool: of ${x.type}, rank ${x.dims.length}`)
    const extents = x.dims.slice(2)
    const rank = attributes.ints('kernel_shape')?.length
    if (rank !== extents.length) throw new FormatError(`MaxPool: a kernel of rank ${rank} for x ${formatShape(x.dims)}`)
    const unpadded = windowOf(attributes, kernelShape(attributes, 'MaxPool'), 'MaxPool')
    const window = { ...unpadded, pads: slidingPads(unpadded, extents, autoPad(attributes, 'MaxPool')) }
    const outExtents = pooledExtents(window, extents, attributes.int('ceil_mode', 0) === 1)
    const dims = [x.dims[0], x.dims[1], ...outExtents]
    countElements(dims, maxElements, 'MaxPool')
    const values = zeroTensor(x.type, dims)
    const indices = zeroTensor('int64', dims)
    const strides = indexStrides(extents, attributes.int('storage_order', 0) === 1)
    const plane = sizeOf(extents)
    const outPlane = sizeOf(outExtents)
    for (let at = 0; at < values.data.length; at++) {
      const begin = Math.floor(at / outPlane) * plane
      const best = greatestTap(x, begin, window, extents, unravel(at % outPlane, outExtents))
      if (best === null) throw new UnsupportedError('MaxPool: a window that lies in the padding alone')
      values.data[at] = x.data[begin + ravel(best, extents)]
      let index = begin
      for (const [axis, position] of best.entries()) index += position * strides[axis]
      indices.data[at] = BigInt(index)
    }
    return [values, indices].slice(0, outputs)
  },
}

/** The output's extents: ONNX's formula, in which with `ceil` no window starts in the padding at the end. */
function pooledExtents(window: Window, extents: readonly number[], ceil: boolean): number[] {
  const rank = extents.length
  return extents.map((extent, axis) => {
    const before = window.pads[axis]
    const room = (extent + before + window.pads[rank + axis] - reach(window, axis)) / window.strides[axis]
    const count = (ceil ? Math.ceil(room) : Math.floor(room)) + 1
    return ceil && (count - 1) * window.strides[axis] >= extent + before ? count - 1 : count
  })
}

/** The strides in which Indices counts: row-major, or column-major for storage_order 1. */
function indexStrides(extents: readonly number[], columnMajor: boolean): number[] {
  return extents.map((_, axis) => sizeOf(columnMajor ? extents.slice(0, axis) : extents.slice(axis + 1)))
}

function unravel(position: number, extents: readonly number[]): number[] {
  const index = new Array<number>(extents.length)
  let rest = position
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    index[axis] = rest % extents[axis]
    rest = Math.floor(rest / extents[axis])
  }
  return index
}

function ravel(index: readonly number[], extents: readonly number[]): number {
  let position = 0
  for (const [axis, extent] of extents.entries()) position = position * extent + index[axis]
  return position
}

/** Where in its plane the first greatest element of a window lies, or null where the window holds padding only. */
function greatestTap(
  x: OnnxTensor,
  begin: number,
  { kernel, strides, dilations, pads }: Window,
  extents: readonly number[],
  out: readonly number[],
): number[] | null {
  let best: number[] | null = null
  let greatest: number | bigint = 0
  const taps = sizeOf(kernel)
  for (let tap = 0; tap < taps; tap++) {
    const index = unravel(tap, kernel).map((k, axis) => out[axis] * strides[axis] - pads[axis] + k * dilations[axis])
    if (index.some((position, axis) => position < 0 || position >= extents[axis])) continue
    const element = x.data[begin + ravel(index, extents)]
    if (best !== null && !(element > greatest)) continue
    best = index
    greatest = element
  }
  return best
}
