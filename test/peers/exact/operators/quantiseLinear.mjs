// QuantizeLinear and DequantizeLinear: every code type, per tensor, along any axis, in blocks.

import { tensorOf } from '../draw.mjs'
import { model, node } from '../model.mjs'

const codeTypes = ['uint8', 'int8', 'uint16', 'int16', 'uint4', 'int4']

/** One way to lay scales over a shape: their dims, the node's attributes, and the scale that element i has. */
function layout(draw, dims, kind) {
  const rank = dims.length
  const axis = draw.integer(0, rank - 1)
  const inner = dims.slice(axis + 1).reduce((size, extent) => size * extent, 1)
  // Half of the axes are written from the end.
  const written = draw.oneIn(2) ? axis : axis - rank
  if (kind === 'tensor') return { dims: [], attributes: {}, indexOf: () => 0 }
  if (kind === 'axis') {
    return {
      dims: [dims[axis]],
      attributes: { axis: written },
      indexOf: (i) => Math.floor(i / inner) % dims[axis],
    }
  }
  const block = draw.integer(2, 7)
  const blocks = Math.ceil(dims[axis] / block)
  const scaleDims = dims.map((extent, i) => (i === axis ? blocks : extent))
  return {
    dims: scaleDims,
    attributes: { axis: written, block_size: block },
    indexOf: (i) => {
      const position = Math.floor(i / inner) % dims[axis]
      const outer = Math.floor(i / (inner * dims[axis]))
      return (outer * blocks + Math.floor(position / block)) * inner + (i % inner)
    },
  }
}

function shapeOf(draw) {
  return draw.pick([
    [draw.integer(3000, 9000)],
    [draw.integer(20, 90), draw.integer(30, 150)],
    [draw.integer(1, 5), draw.integer(3, 33), draw.integer(5, 17), draw.integer(5, 17)],
  ])
}

/** Cases in turn over types and layouts, without end. */
function* combinations(draw) {
  for (;;) {
    for (const type of codeTypes) {
      for (const kind of ['tensor', 'axis', 'blocked']) {
        const dims = shapeOf(draw)
        const { dims: scaleDims, attributes, indexOf } = layout(draw, dims, kind)
        const scale = tensorOf('float32', scaleDims, () => draw.scale())
        const zeroPoint = tensorOf(type, scaleDims, () => draw.zeroPoint(type))
        yield { type, dims, attributes, indexOf, scale, zeroPoint }
      }
    }
  }
}

export const quantizeLinear = {
  name: 'QuantizeLinear',
  notes: [
    'Left out: x / scale beyond 2^31 steps and NaN. The per-axis and blocked kernels for 4 and 16 bits convert to int32 out of range,',
    'which C++ leaves open (uint4 per axis: 2^31 steps give 0, per tensor 15); NaN gives the lowest code natively, 0 in WebAssembly for signed codes.',
  ],
  *cases(draw) {
    for (const { type, dims, attributes, indexOf, scale, zeroPoint } of combinations(draw)) {
      const x = draw.reals(dims, (i) => scale.data[indexOf(i)], type)
      yield {
        model: model({
          nodes: [node('QuantizeLinear', ['x', 'scale', 'zero'], ['y'], attributes)],
          feeds: { x },
          constants: { scale, zero: zeroPoint },
          outputs: { y: type },
        }),
        feeds: { x },
      }
    }
  },
}

export const dequantizeLinear = {
  name: 'DequantizeLinear',
  *cases(draw) {
    for (const { type, dims, attributes, scale, zeroPoint } of combinations(draw)) {
      // int32 codes are biases, whose zero point is 0; they take turns with the other types.
      const isBias = draw.oneIn(7)
      const x = draw.codes(isBias ? 'int32' : type, dims)
      const four = x.type.endsWith('int4')
      const zero = isBias ? tensorOf('int32', zeroPoint.dims, () => 0) : zeroPoint
      yield {
        model: model({
          nodes: [node('DequantizeLinear', ['x', 'scale', 'zero'], ['y'], attributes)],
          // Sessions take no 4-bit tensors: those codes stand in the file.
          feeds: four ? {} : { x },
          constants: { scale, zero, ...(four ? { x } : {}) },
          outputs: { y: 'float32' },
        }),
        feeds: four ? {} : { x },
      }
    }
  },
}
