import { suite } from 'uvu'
import type { PoolShape } from '../../../engine/kernels/poolShape.ts'
import { adversarial, expectSameBits } from './identity.ts'

const test = suite('SIMD pooling')

interface Window {
  readonly kernel: [number, number]
  readonly stride: [number, number]
  readonly dilation: [number, number]
  readonly pads: [number, number, number, number]
}

const windows: Window[] = [
  { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], pads: [0, 0, 0, 0] },
  { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], pads: [1, 1, 1, 1] },
  { kernel: [3, 2], stride: [1, 1], dilation: [1, 1], pads: [0, 1, 2, 0] },
  { kernel: [1, 4], stride: [2, 3], dilation: [1, 1], pads: [0, 2, 0, 3] },
  { kernel: [2, 3], stride: [3, 5], dilation: [1, 1], pads: [0, 0, 0, 0] },
  { kernel: [2, 3], stride: [1, 2], dilation: [2, 3], pads: [1, 2, 1, 2] },
]

const pictures = [
  [1, 1],
  [2, 3],
  [4, 4],
  [5, 7],
  [8, 9],
  [7, 14],
  [9, 28],
]

function poolShape({ kernel, stride, dilation, pads }: Window, planes: number, height: number, width: number) {
  const count = (size: number, axis: 0 | 1): number =>
    Math.floor((size + pads[axis] + pads[axis + 2] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1
  return {
    planes,
    height,
    width,
    outHeight: count(height, 0),
    outWidth: count(width, 1),
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: pads[0],
    padLeft: pads[1],
    padBottom: pads[2],
    padRight: pads[3],
  } satisfies PoolShape
}

/** Few distinct values, so that maxima tie, and some NaN. */
function tied(length: number): Float32Array {
  return adversarial(length, 'tied').map((value) => Math.sign(value) * 0)
}

for (const window of windows) {
  for (const [height, width] of pictures) {
    for (const planes of [0, 5]) {
      const shape = poolShape(window, planes, height, width)
      if (shape.outHeight < 1 || shape.outWidth < 1) continue
      test(`window ${JSON.stringify(window)} over ${planes} planes of ${height} x ${width}`, () => {
        const size = planes * shape.outHeight * shape.outWidth
        const gradOut = adversarial(size, 'gradOut')
        for (const x of [adversarial(planes * height * width, 'x'), tied(planes * height * width)]) {
          expectSameBits('maxPool', (k) => {
            const [out, argmax, gradX] = [new Float32Array(size), new Int32Array(size), new Float32Array(x.length)]
            k.maxPool(x, shape, out, argmax)
            k.maxPoolGrad(gradOut, argmax, planes, gradX)
            return [out, argmax, gradX]
          })
          for (const countPadding of [0, 1]) {
            expectSameBits('averagePool', (k) => {
              const [out, gradX] = [new Float32Array(size), new Float32Array(x.length)]
              k.averagePool(x, shape, countPadding, out)
              k.averagePoolGrad(gradOut, shape, countPadding, gradX)
              return [out, gradX]
            })
          }
        }
      })
    }
  }
}

for (const [planes, area] of [
  [0, 4],
  [3, 1],
  [3, 16],
  [5, 49],
  [2, 67],
]) {
  test(`global average of ${planes} planes of ${area}`, () => {
    const x = adversarial(planes * area, 'x')
    const gradOut = adversarial(planes, 'gradOut')
    expectSameBits('globalAveragePool', (k) => {
      const [out, gradX] = [new Float32Array(planes), new Float32Array(x.length)]
      k.globalAveragePool(x, planes, area, out)
      k.globalAveragePoolGrad(gradOut, planes, area, gradX)
      return [out, gradX]
    })
  })
}

test.run()
