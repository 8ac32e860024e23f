import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { conv2d } from '../../../engine/kernels/conv2d.ts'
import { conv2dGradInput } from '../../../engine/kernels/conv2dGradInput.ts'
import { conv2dGradWeight } from '../../../engine/kernels/conv2dGradWeight.ts'
import type { ConvShape } from '../../../engine/kernels/convShape.ts'
import { between, sameBits, spread } from './bits.ts'
import { conv2dGradInputReference, conv2dGradWeightReference, conv2dReference, type Expected } from './convReference.ts'

const test = suite('convolution kernels')

interface Case extends Partial<ConvShape> {
  /** Below and to the right; default: as above and to the left. */
  padBottom?: number
  padRight?: number
  /** Rows and columns that a transposed convolution appends: x is larger than its windows need. */
  extra?: number
}

function shapeOf(c: Case): ConvShape {
  const s = {
    batch: 1,
    groups: 1,
    channels: 1,
    outChannels: 1,
    height: 1,
    width: 1,
    kernelHeight: 1,
    kernelWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    ...c,
  }
  const { padBottom = s.padTop, padRight = s.padLeft, extra = 0 } = c
  const count = (extent: number, kernel: number, stride: number, dilation: number): number =>
    Math.floor((extent - dilation * (kernel - 1) - 1) / stride) + 1
  return {
    ...s,
    outHeight: count(s.height - extra + s.padTop + padBottom, s.kernelHeight, s.strideHeight, s.dilationHeight),
    outWidth: count(s.width - extra + s.padLeft + padRight, s.kernelWidth, s.strideWidth, s.dilationWidth),
  }
}

function compare(actual: Float32Array, expected: Expected, what: string): void {
  sameBits(actual, expected.bits, what)
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected.value[i])
    assert.ok(error <= expected.bound[i], `${what}: element ${i} is ${actual[i]}, in doubles ${expected.value[i]}`)
  }
}

/** Compares the three passes with the reference. What `out` held before must not matter. */
function check(s: ConvShape, random: RandomStream): void {
  const what = JSON.stringify(s)
  const x = spread(random, s.batch * s.channels * s.height * s.width)
  const weight = spread(random, ((s.outChannels * s.channels) / s.groups) * s.kernelHeight * s.kernelWidth)
  const bias = random.uniform() < 0.5 ? null : spread(random, s.outChannels)
  const gradOut = spread(random, s.batch * s.outChannels * s.outHeight * s.outWidth)

  const out = new Float32Array(gradOut.length).fill(Number.NaN)
  conv2d(x, weight, bias, s, out)
  compare(out, conv2dReference(x, weight, bias, s), `conv2d ${what}`)

  const gradX = new Float32Array(x.length).fill(Number.NaN)
  conv2dGradInput(gradOut, weight, s, gradX)
  compare(gradX, conv2dGradInputReference(gradOut, weight, s), `conv2dGradInput ${what}`)

  const gradWeight = new Float32Array(weight.length).fill(Number.NaN)
  conv2dGradWeight(x, gradOut, s, gradWeight)
  compare(gradWeight, conv2dGradWeightReference(x, gradOut, s), `conv2dGradWeight ${what}`)
}

const square = (extent: number): Case => ({ height: extent, width: extent })
const kernel = (extent: number): Case => ({ kernelHeight: extent, kernelWidth: extent })
const stride = (extent: number): Case => ({ strideHeight: extent, strideWidth: extent })
const dilation = (extent: number): Case => ({ dilationHeight: extent, dilationWidth: extent })
const pad = (extent: number): Case => ({ padTop: extent, padLeft: extent })

const cases: Record<string, Case> = {
  'everything 1': {},
  'one pixel, wide padding': { ...kernel(3), ...pad(4), channels: 2, outChannels: 3 },
  'the usual 3x3': { ...square(7), ...kernel(3), ...pad(1), channels: 3, outChannels: 5, batch: 2 },
  'LeNet 5x5': { ...square(9), ...kernel(5), ...pad(2), outChannels: 6, batch: 3 },
  'pointwise, stride 2': { ...square(8), ...stride(2), channels: 4, outChannels: 9 },
  'stride beyond the kernel': { ...square(11), ...kernel(2), ...stride(5), ...pad(1), channels: 2, outChannels: 2 },
  'padding as wide as the kernel': { ...square(3), ...kernel(2), ...pad(2), channels: 2, outChannels: 4 },
  'padding on one side only': { height: 5, width: 4, ...kernel(3), padTop: 2, padBottom: 0, padRight: 3 },
  'dilation beyond the input': { ...square(4), ...kernel(3), ...dilation(5), ...pad(5), channels: 2, outChannels: 2 },
  'stride and dilation with a common factor': { ...square(12), ...kernel(3), ...stride(4), ...dilation(2), ...pad(3) },
  'stride and dilation coprime': { height: 13, width: 10, ...kernel(3), ...stride(3), ...dilation(2), channels: 2 },
  'unlike in both directions': {
    height: 11,
    width: 7,
    kernelHeight: 1,
    kernelWidth: 4,
    strideHeight: 2,
    dilationWidth: 2,
    padLeft: 3,
    outChannels: 3,
  },
  groups: { ...square(5), ...kernel(3), ...pad(1), channels: 6, outChannels: 9, groups: 3, batch: 2 },
  depthwise: { ...square(6), ...kernel(3), ...pad(1), ...stride(2), channels: 7, outChannels: 7, groups: 7 },
  'depthwise with multiplier': { ...square(5), ...kernel(2), channels: 3, outChannels: 12, groups: 3 },
  'rows that no window reaches': { ...square(10), ...kernel(2), ...stride(4), channels: 2, outChannels: 2 },
  'a transposed output with output padding': { ...square(10), ...kernel(3), ...stride(3), ...pad(1), extra: 2 },
  'empty batch': { ...square(4), ...kernel(3), channels: 2, outChannels: 2, batch: 0 },
  'many channels, many lanes': { ...square(9), ...kernel(3), ...pad(1), channels: 17, outChannels: 13 },
}

for (const [name, c] of Object.entries(cases)) {
  test(name, () => check(shapeOf(c), new RandomStream(1, name)))
}

test('random shapes', () => {
  const random = new RandomStream(2, 'shapes')
  let done = 0
  while (done < 150) {
    const groups = between(random, 1, 3)
    const s = shapeOf({
      batch: between(random, 1, 3),
      groups,
      channels: groups * between(random, 1, 4),
      outChannels: groups * between(random, 1, 5),
      height: between(random, 1, 9),
      width: between(random, 1, 11),
      kernelHeight: between(random, 1, 4),
      kernelWidth: between(random, 1, 5),
      strideHeight: between(random, 1, 4),
      strideWidth: between(random, 1, 4),
      dilationHeight: between(random, 1, 3),
      dilationWidth: between(random, 1, 3),
      padTop: between(random, 0, 4),
      padLeft: between(random, 0, 4),
      padBottom: between(random, 0, 4),
      padRight: between(random, 0, 4),
    })
    if (s.outHeight < 1 || s.outWidth < 1) continue
    check(s, random)
    done++
  }
})

test('values by hand', () => {
  const s = shapeOf({ height: 2, width: 3, kernelHeight: 2, kernelWidth: 2 })
  const weight = Float32Array.of(1, 10, 100, 1000)
  const x = Float32Array.of(1, 2, 3, 4, 5, 6)
  const out = new Float32Array(2)
  conv2d(x, weight, Float32Array.of(0.5), s, out)
  assert.equal([...out], [1 + 20 + 400 + 5000 + 0.5, 2 + 30 + 500 + 6000 + 0.5])
  const gradX = new Float32Array(6)
  conv2dGradInput(Float32Array.of(2, 3), weight, s, gradX)
  assert.equal([...gradX], [2, 20 + 3, 30, 200, 2000 + 300, 3000])
  const gradWeight = new Float32Array(4)
  conv2dGradWeight(x, Float32Array.of(2, 3), s, gradWeight)
  assert.equal([...gradWeight], [2 + 6, 4 + 9, 8 + 15, 10 + 18])
})

test('the order of the taps shows: 2^24 swallows a 1 that comes later, not two that came before', () => {
  const ones = Float32Array.of(1, 1, 1)
  const s = shapeOf({ width: 3, kernelWidth: 3 })
  const out = new Float32Array(1)
  conv2d(Float32Array.of(2 ** 24, 1, 1), ones, null, s, out)
  assert.is(out[0], 2 ** 24)
  conv2d(Float32Array.of(1, 1, 2 ** 24), ones, null, s, out)
  assert.is(out[0], 2 ** 24 + 2)

  // The pixel that all three taps reach takes them from the last to the first.
  const wide = shapeOf({ width: 5, kernelWidth: 3 })
  const gradX = new Float32Array(5)
  conv2dGradInput(ones, Float32Array.of(1, 1, 2 ** 24), wide, gradX)
  assert.is(gradX[2], 2 ** 24)
  conv2dGradInput(ones, Float32Array.of(2 ** 24, 1, 1), wide, gradX)
  assert.is(gradX[2], 2 ** 24 + 2)

  // Columns 1 and 5 share an accumulator with nothing else; column 0 has its own.
  const row = shapeOf({ width: 6 })
  const gradWeight = new Float32Array(1)
  conv2dGradWeight(Float32Array.of(2 ** 24, 1, 0, 0, 0, 1), new Float32Array(6).fill(1), row, gradWeight)
  assert.is(gradWeight[0], 2 ** 24 + 2)
})

test.run()
