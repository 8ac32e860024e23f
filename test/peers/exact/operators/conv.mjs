// ConvInteger and QLinearConv: groups, depthwise, strides, pads on each side, dilations, per channel scales.

import { tensorOf } from '../draw.mjs'
import { model, node } from '../model.mjs'
import { outputScale, reachOf } from './matMul.mjs'

/** One convolution: what slides over what. */
function geometry(draw) {
  const groups = draw.pick([1, 1, 2, 3, 'depthwise'])
  const channels = groups === 'depthwise' ? draw.integer(3, 24) : groups * draw.integer(1, 8)
  const perGroup = groups === 'depthwise' ? draw.pick([1, 1, 2]) : draw.integer(1, 9)
  const count = groups === 'depthwise' ? channels : groups
  const kernel = draw.pick([
    [1, 1],
    [3, 3],
    [3, 3],
    [5, 5],
    [draw.integer(1, 4), draw.integer(1, 4)],
  ])
  const pads = draw.oneIn(3) ? [0, 0, 0, 0] : kernel.concat(kernel).map((extent) => draw.integer(0, extent - 1))
  const strides = draw.pick([
    [1, 1],
    [1, 1],
    [2, 2],
    [draw.integer(1, 3), draw.integer(1, 3)],
  ])
  const dilations = draw.oneIn(3) ? [draw.integer(1, 3), draw.integer(1, 3)] : [1, 1]
  const size = () => draw.integer(14, 30)
  const [h, w] = [size(), size()]
  return {
    x: [draw.integer(1, 3), channels, h, w],
    w: [perGroup * count, channels / count, ...kernel],
    k: (channels / count) * kernel[0] * kernel[1],
    attributes: { kernel_shape: kernel, pads, strides, dilations, group: count },
  }
}

export const convInteger = {
  name: 'ConvInteger',
  *cases(draw) {
    for (;;) {
      const { x: xDims, w: wDims, attributes } = geometry(draw)
      const wType = draw.pick(['uint8', 'int8'])
      const x = draw.codes('uint8', xDims)
      const constants = {
        w: draw.codes(wType, wDims),
        xZero: tensorOf('uint8', [], () => draw.zeroPoint('uint8')),
        wZero: tensorOf(wType, [], () => draw.zeroPoint(wType)),
      }
      yield {
        model: model({
          nodes: [node('ConvInteger', ['x', 'w', 'xZero', 'wZero'], ['y'], attributes)],
          feeds: { x },
          constants,
          outputs: { y: 'int32' },
        }),
        feeds: { x },
      }
    }
  },
}

export const qLinearConv = {
  name: 'QLinearConv',
  *cases(draw) {
    for (;;) {
      const { x: xDims, w: wDims, k, attributes } = geometry(draw)
      const [xType, wType] = draw.pick([
        ['uint8', 'int8'],
        ['uint8', 'int8'],
        ['uint8', 'uint8'],
        ['int8', 'int8'],
      ])
      const perChannel = draw.oneIn(2)
      const channels = perChannel ? [wDims[0]] : []
      const common = draw.scale()
      const xScale = draw.scale()
      // Per channel zero points must be alike for the runtime.
      const wZero = draw.oneIn(2) ? 0 : draw.zeroPoint(wType)
      const reach = reachOf(draw)
      const constants = {
        xScale: tensorOf('float32', [], () => xScale),
        xZero: tensorOf(xType, [], () => draw.zeroPoint(xType)),
        w: draw.codesNear(wType, wDims, wZero, reach),
        wScale: tensorOf('float32', channels, () => (draw.oneIn(4) ? draw.scale() : common)),
        wZero: tensorOf(wType, channels, () => wZero),
        yScale: tensorOf('float32', [], () => outputScale(draw, { k, reach }, xScale, common)),
        yZero: tensorOf(xType, [], () => draw.zeroPoint(xType)),
      }
      const inputs = ['x', 'xScale', 'xZero', 'w', 'wScale', 'wZero', 'yScale', 'yZero']
      if (draw.oneIn(2)) {
        constants.bias = tensorOf('int32', [wDims[0]], () => draw.integer(-50 * reach, 50 * reach))
        inputs.push('bias')
      }
      const x = draw.codes(xType, xDims)
      yield {
        model: model({
          nodes: [node('QLinearConv', inputs, ['y'], attributes)],
          feeds: { x },
          constants,
          outputs: { y: xType },
        }),
        feeds: { x },
      }
    }
  },
}
