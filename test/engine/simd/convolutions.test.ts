import { suite } from 'uvu'
import { RandomStream } from '../../../engine/base/random.ts'
import type { ConvShape } from '../../../engine/kernels/convShape.ts'
import { between } from '../kernels/bits.ts'
import { adversarial, expectSameBits, memory } from './identity.ts'

const test = suite('SIMD convolutions')

interface Case {
  batch?: number
  groups?: number
  channels: number
  outChannels: number
  size: readonly [height: number, width: number]
  kernel: readonly [height: number, width: number]
  stride?: readonly [height: number, width: number]
  dilation?: readonly [height: number, width: number]
  pad?: readonly [top: number, left: number]
  /** Below and to the right; default: as above and to the left. */
  padEnd?: readonly [bottom: number, right: number]
  /** Rows and columns of x that no window needs. */
  extra?: number
}

function shapeOf(c: Case): ConvShape {
  const { size, kernel, stride = [1, 1], dilation = [1, 1], pad = [0, 0], extra = 0 } = c
  const { padEnd = pad } = c
  const count = (axis: 0 | 1): number =>
    Math.floor(
      (size[axis] - extra + pad[axis] + padEnd[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis],
    ) + 1
  return {
    batch: c.batch ?? 1,
    groups: c.groups ?? 1,
    channels: c.channels,
    height: size[0],
    width: size[1],
    outChannels: c.outChannels,
    outHeight: count(0),
    outWidth: count(1),
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: pad[0],
    padLeft: pad[1],
  }
}

/** The three passes. What the results held before must not matter. */
function check(s: ConvShape, special: boolean): void {
  const name = JSON.stringify(s)
  const x = adversarial(s.batch * s.channels * s.height * s.width, `x${name}`, special)
  const weight = adversarial(
    ((s.outChannels * s.channels) / s.groups) * s.kernelHeight * s.kernelWidth,
    `w${name}`,
    special,
  )
  const bias = adversarial(s.outChannels, `b${name}`, special)
  const gradOut = adversarial(s.batch * s.outChannels * s.outHeight * s.outWidth, `g${name}`, special)
  expectSameBits(`conv2d ${name}`, (kernels) => {
    const out = new Float32Array(gradOut.length).fill(7)
    const bare = new Float32Array(gradOut.length).fill(7)
    kernels.conv2d(x, weight, bias, s, out)
    kernels.conv2d(x, weight, null, s, bare)
    return [out, bare]
  })
  expectSameBits(`conv2dGradInput ${name}`, (kernels) => {
    const gradX = new Float32Array(x.length).fill(7)
    kernels.conv2dGradInput(gradOut, weight, s, gradX)
    return [gradX]
  })
  expectSameBits(`conv2dGradWeight ${name}`, (kernels) => {
    const gradWeight = new Float32Array(weight.length).fill(7)
    kernels.conv2dGradWeight(x, gradOut, s, gradWeight)
    return [gradWeight]
  })
}

const cases: Record<string, Case> = {
  'everything 1': { channels: 1, outChannels: 1, size: [1, 1], kernel: [1, 1] },
  'one pixel, wide padding': { channels: 2, outChannels: 3, size: [1, 1], kernel: [3, 3], pad: [4, 4] },
  'first layer': { batch: 2, channels: 1, outChannels: 16, size: [28, 28], kernel: [3, 3], pad: [1, 1] },
  'rows of 14': { batch: 2, channels: 5, outChannels: 6, size: [14, 14], kernel: [3, 3], pad: [1, 1] },
  'planes of 7': { batch: 3, channels: 32, outChannels: 9, size: [7, 7], kernel: [3, 3], pad: [1, 1] },
  'planes of 4': { batch: 5, channels: 3, outChannels: 17, size: [4, 4], kernel: [3, 3], pad: [1, 1] },
  'stride 2': { batch: 2, channels: 6, outChannels: 8, size: [16, 16], kernel: [3, 3], pad: [1, 1], stride: [2, 2] },
  'pointwise, stride 2': { batch: 2, channels: 8, outChannels: 5, size: [9, 9], kernel: [1, 1], stride: [2, 2] },
  pointwise: { batch: 2, channels: 37, outChannels: 19, size: [7, 7], kernel: [1, 1] },
  'LeNet, second layer': { batch: 2, channels: 6, outChannels: 16, size: [14, 14], kernel: [5, 5] },
  'more taps than a block': { channels: 230, outChannels: 3, size: [6, 6], kernel: [3, 3], pad: [1, 1] },
  'more pixels than a block': { batch: 2, channels: 2, outChannels: 3, size: [25, 49], kernel: [3, 3], pad: [1, 1] },
  'patches without overlap': { batch: 2, channels: 3, outChannels: 4, size: [12, 12], kernel: [4, 4], stride: [4, 4] },
  groups: { batch: 2, groups: 3, channels: 6, outChannels: 9, size: [9, 11], kernel: [3, 3], pad: [1, 1] },
  'padding on one side only': {
    channels: 2,
    outChannels: 3,
    size: [5, 4],
    kernel: [3, 3],
    pad: [2, 0],
    padEnd: [0, 3],
  },
  'rows that no window reaches': { channels: 2, outChannels: 2, size: [10, 10], kernel: [2, 2], stride: [4, 4] },
  'a transposed output with output padding': {
    channels: 2,
    outChannels: 2,
    size: [10, 10],
    kernel: [3, 3],
    stride: [3, 3],
    pad: [1, 1],
    extra: 2,
  },
  'empty batch': { batch: 0, channels: 2, outChannels: 2, size: [4, 4], kernel: [3, 3] },
  depthwise: { batch: 2, groups: 5, channels: 5, outChannels: 5, size: [32, 32], kernel: [3, 3], pad: [1, 1] },
  'depthwise, rows of 7': {
    batch: 2,
    groups: 5,
    channels: 5,
    outChannels: 5,
    size: [7, 7],
    kernel: [3, 3],
    pad: [1, 1],
  },
  'depthwise, rows of 3': {
    batch: 2,
    groups: 4,
    channels: 4,
    outChannels: 4,
    size: [5, 3],
    kernel: [3, 3],
    pad: [1, 1],
  },
  'depthwise, stride 2': {
    batch: 2,
    groups: 6,
    channels: 6,
    outChannels: 6,
    size: [14, 14],
    kernel: [3, 3],
    stride: [2, 2],
    pad: [1, 1],
  },
  'depthwise 5x5': { batch: 2, groups: 3, channels: 3, outChannels: 3, size: [9, 21], kernel: [5, 5], pad: [2, 2] },
  'depthwise with multiplier': { groups: 3, channels: 3, outChannels: 12, size: [9, 19], kernel: [2, 2] },
  'depthwise, empty batch': { batch: 0, groups: 2, channels: 2, outChannels: 2, size: [4, 4], kernel: [3, 3] },
}

for (const [name, c] of Object.entries(cases)) test(name, () => check(shapeOf(c), false))

test('arrays in the memory of the kernels: nothing beside the result is written', () => {
  const s = shapeOf({
    batch: 2,
    channels: 3,
    outChannels: 5,
    size: [7, 9],
    kernel: [3, 3],
    pad: [1, 1],
    stride: [1, 2],
  })
  const depthwise = { ...s, groups: 3, outChannels: 3 }
  for (const shape of [s, depthwise]) {
    const top = memory.top
    /** Elsewhere in the memory, four bytes off any vector, with a float before and after that must stay. */
    const resident = (x: Float32Array): Float32Array => {
      const block = new Float32Array(memory.memory.buffer, memory.allocate(4 * x.length + 8), x.length + 2).fill(11)
      block.set(x, 1)
      return block
    }
    const inner = (block: Float32Array): Float32Array => block.subarray(1, -1)
    const x = resident(adversarial(2 * 3 * 7 * 9, 'x', false))
    const weight = resident(adversarial(shape.groups === 1 ? 135 : 27, 'weight', false))
    const gradOut = resident(adversarial(2 * shape.outChannels * 7 * 5, 'gradOut', false))
    expectSameBits('resident', (kernels) => {
      const results = [gradOut, x, weight].map((like) => resident(new Float32Array(like.length - 2)))
      kernels.conv2d(inner(x), inner(weight), null, shape, inner(results[0]))
      kernels.conv2dGradInput(inner(gradOut), inner(weight), shape, inner(results[1]))
      kernels.conv2dGradWeight(inner(x), inner(gradOut), shape, inner(results[2]))
      return [...results, x, weight, gradOut].map((result) => result.slice())
    })
    memory.rewind(top)
  }
})

test('random shapes', () => {
  const random = new RandomStream(2, 'shapes')
  let done = 0
  while (done < 300) {
    const pair = (from: number, to: number) => [between(random, from, to), between(random, from, to)] as const
    const groups = between(random, 1, 3)
    const isDepthwise = random.integer(3) === 0
    const s = shapeOf({
      batch: between(random, 1, 3),
      groups,
      channels: groups * (isDepthwise ? 1 : between(random, 1, 4)),
      outChannels: groups * (isDepthwise ? between(random, 1, 2) : between(random, 1, 5)),
      size: [between(random, 1, 9), between(random, 1, 24)],
      kernel: pair(1, 5),
      stride: pair(1, 4),
      dilation: pair(1, 3),
      pad: pair(0, 4),
      padEnd: pair(0, 4),
    })
    if (s.outHeight < 1 || s.outWidth < 1) continue
    check(s, done % 3 === 0)
    done++
  }
})

test('addChannelBias', () => {
  for (const [batch, channels, plane] of [
    [2, 3, 49],
    [1, 5, 1],
    [0, 3, 4],
    [3, 2, 16],
  ]) {
    const x = adversarial(batch * channels * plane, 'x')
    const bias = adversarial(channels, 'bias')
    expectSameBits('addChannelBias', (kernels) => {
      const out = new Float32Array(x.length)
      const inPlace = x.slice()
      kernels.addChannelBias(x, bias, batch, channels, plane, out)
      kernels.addChannelBias(inPlace, bias, batch, channels, plane, inPlace)
      return [out, inPlace]
    })
  }
})

test.run()
