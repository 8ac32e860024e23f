import type { RandomStream } from '../../../engine/base/random.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import type { PreparedStep } from '../../../quant/integer/execute/runner.ts'
import { type IntegerKernels, plainIntegerKernels } from '../../../quant/integer/kernels/index.ts'
import type { ConvStep, GemmStep, ProgramConstants } from '../../../quant/integer/program.ts'
import type { Requantiser } from '../../../quant/integer/requantise/requantiser.ts'
import { type BufferArray, type StoredValue, storedValue } from '../../../quant/integer/storage.ts'

/** A layer with random constants. */
export interface Layer<S> {
  readonly step: S
  readonly input: StoredValue
  readonly output: StoredValue
  readonly constants: ProgramConstants
}

/** [C, H, W, M, kernelH, kernelW, strideH, strideW, pad, dilation, groups] */
export type ConvolutionShape = readonly number[]

/** Shapes around every tile, and odd ones. */
export const convolutions: readonly ConvolutionShape[] = [
  [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1],
  [2, 3, 4, 4, 1, 1, 1, 1, 0, 1, 1],
  [3, 7, 9, 5, 3, 3, 1, 1, 1, 1, 1],
  [4, 8, 16, 8, 3, 3, 1, 1, 1, 1, 1],
  [5, 6, 17, 7, 3, 3, 2, 2, 1, 1, 1],
  [1, 12, 12, 6, 5, 5, 1, 1, 2, 1, 1],
  [1, 9, 35, 3, 4, 3, 2, 2, 0, 2, 1],
  [6, 9, 20, 6, 3, 3, 1, 1, 1, 1, 6],
  [4, 11, 37, 8, 3, 5, 2, 2, 2, 1, 4],
  [6, 5, 5, 9, 2, 2, 3, 3, 1, 1, 3],
  [8, 4, 33, 12, 1, 1, 2, 2, 0, 1, 2],
  [3, 10, 26, 4, 3, 3, 2, 3, 1, 3, 1],
  [4, 1, 40, 10, 1, 7, 1, 2, 3, 1, 1],
  [40, 20, 20, 5, 3, 3, 1, 1, 1, 1, 1],
]

/** [rows, taps, channels] */
export const gemms: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 64, 10],
  [3, 7, 4],
  [8, 8, 5],
  [9, 17, 3],
  [16, 33, 8],
  [70, 6, 7],
  [133, 21, 9],
]

export function randomCodes(random: RandomStream, length: number): Int8Array {
  return Int8Array.from({ length }, () => random.integer(256) - 128)
}

function value(name: string, shape: readonly number[], zeroPoint: number): StoredValue {
  return storedValue({ name, shape, scale: 1, zeroPoint, qmin: -128, qmax: 127 })
}

const tenBits: Requantiser = { kind: 'shift-half-up', shift: [10] }

function constantsOf(random: RandomStream, weights: number, channels: number): ProgramConstants {
  const bias = Int32Array.from({ length: channels }, () => random.integer(20001) - 10000)
  return new Map<string, Int8Array | Int32Array>([
    ['w', randomCodes(random, weights)],
    ['b', bias],
  ])
}

/** A convolution of int8 with zero points 3 and -5. */
export function convolution(shape: ConvolutionShape, random: RandomStream, requantiser = tenBits): Layer<ConvStep> {
  const [c, h, w, m, kernelH, kernelW, strideH, strideW, pad, dilation, groups] = shape
  const outH = Math.floor((h + 2 * pad - dilation * (kernelH - 1) - 1) / strideH) + 1
  const outW = Math.floor((w + 2 * pad - dilation * (kernelW - 1) - 1) / strideW) + 1
  const weightShape = [m, c / groups, kernelH, kernelW]
  const step: ConvStep = {
    op: 'conv',
    name: 'layer',
    inputs: ['x'],
    output: 'y',
    weight: { constant: 'w', shape: weightShape, bits: 8, scale: [1] },
    bias: { constant: 'b', bits: 32, shift: 0, scale: [1] },
    requantiser,
    low: -128,
    high: 127,
    strides: [strideH, strideW],
    pads: [pad, pad, pad, pad],
    dilations: [dilation, dilation],
    groups,
  }
  const constants = constantsOf(random, sizeOf(weightShape), m)
  return { step, input: value('x', [c, h, w], 3), output: value('y', [m, outH, outW], -5), constants }
}

/** A fully connected layer of int8 with zero points 3 and 0. */
export function fullyConnected(
  taps: number,
  channels: number,
  random: RandomStream,
  requantiser = tenBits,
): Layer<GemmStep> {
  const step: GemmStep = {
    op: 'gemm',
    name: 'layer',
    inputs: ['x'],
    output: 'y',
    weight: { constant: 'w', shape: [channels, taps], bits: 8, scale: [1] },
    bias: { constant: 'b', bits: 32, shift: 0, scale: [1] },
    requantiser,
    low: -128,
    high: 127,
  }
  const constants = constantsOf(random, channels * taps, channels)
  return { step, input: value('x', [taps], 3), output: value('y', [channels], 0), constants }
}

/** Limits to int8. */
export function limited(code: bigint): number {
  return Math.min(Math.max(Number(code), -128), 127)
}

/** A convolution from its definition: requantised by ten bits, ties up. */
export function convolveExactly(
  step: ConvStep,
  input: StoredValue,
  output: StoredValue,
  constants: ProgramConstants,
  x: Int8Array,
  images: number,
): number[] {
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  const [, groupChannels, kernelH, kernelW] = step.weight.shape
  const codes = constants.get('w') as Int8Array
  const bias = constants.get('b') as Int32Array
  const wanted: number[] = []
  for (let n = 0; n < images; n++) {
    for (let m = 0; m < outChannels; m++) {
      const first = Math.floor(m / (outChannels / step.groups)) * groupChannels
      for (let oy = 0; oy < outH; oy++) {
        for (let ox = 0; ox < outW; ox++) {
          let sum = bias[m]
          for (let c = 0; c < groupChannels; c++) {
            for (let ky = 0; ky < kernelH; ky++) {
              for (let kx = 0; kx < kernelW; kx++) {
                const y = oy * step.strides[0] - step.pads[0] + ky * step.dilations[0]
                const column = ox * step.strides[1] - step.pads[1] + kx * step.dilations[1]
                if (y < 0 || y >= h || column < 0 || column >= w) continue
                const at = ((n * channels + first + c) * h + y) * w + column
                const tap = ((m * groupChannels + c) * kernelH + ky) * kernelW + kx
                sum += (x[at] - input.zeroPoint) * codes[tap]
              }
            }
          }
          wanted.push(limited(((BigInt(sum) + 512n) >> 10n) + BigInt(output.zeroPoint)))
        }
      }
    }
  }
  return wanted
}

/**
 * The codes and weights that each output of a convolution sums, in the order of outputs [image, channel, row, column]; k runs over
 * channels fastest, then columns, then rows. `padding` is the code outside the image.
 */
export function* tapsOf(
  { weight, strides, pads, dilations, groups }: ConvStep,
  input: StoredValue,
  output: StoredValue,
  weights: ArrayLike<number>,
  x: ArrayLike<number>,
  padding: number,
): Generator<{ readonly m: number; readonly codes: number[]; readonly weights: number[] }> {
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  const [, groupChannels, kernelH, kernelW] = weight.shape
  const images = x.length / (channels * h * w)
  for (let o = 0; o < images * outChannels * outH * outW; o++) {
    const m = Math.floor(o / (outH * outW)) % outChannels
    const oy = Math.floor(o / outW) % outH
    const first = Math.floor(o / (outChannels * outH * outW)) * channels
    const plane = first + Math.floor(m / (outChannels / groups)) * groupChannels
    const [codes, factors]: [number[], number[]] = [[], []]
    for (let ky = 0; ky < kernelH; ky++) {
      for (let kx = 0; kx < kernelW; kx++) {
        for (let c = 0; c < groupChannels; c++) {
          const y = oy * strides[0] - pads[0] + ky * dilations[0]
          const column = (o % outW) * strides[1] - pads[1] + kx * dilations[1]
          const isInside = y >= 0 && y < h && column >= 0 && column < w
          codes.push(isInside ? x[((plane + c) * h + y) * w + column] : padding)
          factors.push(weights[((m * groupChannels + c) * kernelH + ky) * kernelW + kx])
        }
      }
    }
    yield { m, codes, weights: factors }
  }
}

/** Runs a step on arrays outside of any session. */
export function runStep(
  step: PreparedStep,
  inputs: readonly BufferArray[],
  batch: number,
  out: BufferArray,
  kernels: IntegerKernels = plainIntegerKernels,
): void {
  const scratch = { packed: new Int16Array(step.needs.packed), sums: new Int32Array(step.needs.sums) }
  step.run({ kernels, inputs, batch, scratch, out })
}
