// MatMulInteger and QLinearMatMul: both signednesses, batches, zero points and scales per row and column where allowed.

import { tensorOf } from '../draw.mjs'
import { model, node } from '../model.mjs'

const typePairs = [
  ['uint8', 'int8'],
  ['uint8', 'uint8'],
  ['int8', 'int8'],
  ['int8', 'uint8'],
]

/** Extents [.., M, K] and [.., K, N]: matrices, rows, batches, one broadcast over the other. */
function shapes(draw) {
  const m = draw.pick([1, 3, draw.integer(16, 96)])
  const k = draw.pick([1, 4, draw.integer(5, 80), draw.integer(100, 400)])
  const n = draw.pick([1, 7, draw.integer(16, 96)])
  const batch = draw.integer(2, 4)
  return draw.pick([
    { a: [m * 8, k], b: [k, n * 4], n: n * 4 },
    { a: [batch, m, k], b: [k, n], n },
    { a: [batch, m * 4, k], b: [batch, k, n], n },
  ])
}

export const matMulInteger = {
  name: 'MatMulInteger',
  *cases(draw) {
    for (;;) {
      for (const [aType, bType] of typePairs) {
        const { a: aDims, b: bDims, n } = shapes(draw)
        const a = draw.codes(aType, aDims)
        const b = draw.codes(bType, bDims)
        const perColumn = bDims.length === 2 && draw.oneIn(3)
        const aZero = tensorOf(aType, [], () => draw.zeroPoint(aType))
        const bZero = tensorOf(bType, perColumn ? [n] : [], () => draw.zeroPoint(bType))
        const constantB = draw.oneIn(2)
        yield {
          model: model({
            nodes: [node('MatMulInteger', ['a', 'b', 'aZero', 'bZero'], ['y'])],
            feeds: constantB ? { a } : { a, b },
            constants: { aZero, bZero, ...(constantB ? { b } : {}) },
            outputs: { y: 'int32' },
          }),
          feeds: constantB ? { a } : { a, b },
        }
      }
    }
  },
}

/** How far weights reach from their zero point: the smaller, the fewer sums there are, and the more of them are ties. */
export const reachOf = (draw) => draw.pick([1, 2, 4, 16, 255, 255])

/** A scale for the output that spreads sums of `k` products over the codes; half of the ratios are powers of two: ties. */
export function outputScale(draw, { k, reach }, aScale, bScale) {
  const spread = Math.max(2, Math.sqrt(k) * Math.min(reach, 128) * 0.5)
  const ratio = draw.oneIn(2)
    ? 2 ** Math.round(Math.log2(spread))
    : draw.integer(1, Math.ceil(2 * spread)) + (draw.oneIn(2) ? 0.5 : 0)
  return Math.fround(Math.fround(aScale * bScale) * ratio)
}

export const qLinearMatMul = {
  name: 'QLinearMatMul',
  *cases(draw) {
    for (;;) {
      for (const [aType, bType] of typePairs) {
        // The runtime has no such kernel.
        if (aType === 'int8' && bType === 'uint8') continue
        const { a: aDims, b: bDims, n } = shapes(draw)
        const perColumn = bDims.length === 2 && draw.oneIn(3)
        const a = draw.codes(aType, aDims)
        const reach = reachOf(draw)
        const zero = draw.zeroPoint(bType)
        const b = draw.codesNear(bType, bDims, zero, reach)
        const aScale = tensorOf('float32', [], () => draw.scale())
        const columns = perColumn ? [n] : []
        const common = draw.scale()
        const bScale = tensorOf('float32', columns, () => (draw.oneIn(4) ? draw.scale() : common))
        const yScale = outputScale(draw, { k: aDims.at(-1), reach }, aScale.data[0], common)
        const constantB = perColumn || draw.oneIn(2)
        const constants = {
          aScale,
          aZero: tensorOf(aType, [], () => draw.zeroPoint(aType)),
          bScale,
          bZero: tensorOf(bType, columns, () => (draw.oneIn(8) ? draw.zeroPoint(bType) : zero)),
          yScale: tensorOf('float32', [], () => yScale),
          yZero: tensorOf(aType, [], () => draw.zeroPoint(aType)),
          ...(constantB ? { b } : {}),
        }
        const feeds = constantB ? { a } : { a, b }
        const inputs = ['a', 'aScale', 'aZero', 'b', 'bScale', 'bZero', 'yScale', 'yZero']
        yield {
          model: model({ nodes: [node('QLinearMatMul', inputs, ['y'])], feeds, constants, outputs: { y: aType } }),
          feeds,
        }
      }
    }
  },
}
