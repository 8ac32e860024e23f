/** The three passes of the convolution, written down literally: one loop nest an output, f32 and double side by side. */

import type { ConvShape } from '../../../engine/kernels/convShape.ts'

const f32 = Math.fround

/** What a pass should give: the bits by its definition, the value in doubles and a bound for the rounding between. */
export interface Expected {
  readonly bits: Float32Array
  readonly value: Float64Array
  readonly bound: Float64Array
}

class Output {
  readonly bits: Float32Array
  readonly value: Float64Array
  readonly bound: Float64Array

  constructor(length: number) {
    this.bits = new Float32Array(length)
    this.value = new Float64Array(length)
    this.bound = new Float64Array(length)
  }

  /** Each term is rounded at most once as a product and once in each of the sums that follow. */
  put(index: number, bits: number, terms: readonly number[]): void {
    this.bits[index] = bits
    let magnitude = 0
    for (const term of terms) {
      this.value[index] += term
      magnitude += Math.abs(term)
    }
    this.bound[index] = (terms.length + 3) * 2 ** -24 * magnitude + Number.MIN_VALUE
  }
}

/** Input pixel (n, c, y, x); 0 in the padding. */
function pixel(x: Float32Array, s: ConvShape, n: number, c: number, iy: number, ix: number): number {
  if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) return 0
  return x[((n * s.channels + c) * s.height + iy) * s.width + ix]
}

function weightIndex(s: ConvShape, oc: number, ic: number, kh: number, kw: number): number {
  return ((oc * (s.channels / s.groups) + ic) * s.kernelHeight + kh) * s.kernelWidth + kw
}

function outIndex(s: ConvShape, n: number, oc: number, oy: number, ox: number): number {
  return ((n * s.outChannels + oc) * s.outHeight + oy) * s.outWidth + ox
}

/** Calls `body` for every index below the extents, last fastest. */
function loop(extents: readonly number[], body: (...index: number[]) => void): void {
  const run = (index: number[]): void => {
    if (index.length === extents.length) body(...index)
    else for (let i = 0; i < extents[index.length]; i++) run([...index, i])
  }
  run([])
}

export function conv2dReference(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | null,
  s: ConvShape,
): Expected {
  const out = new Output(s.batch * s.outChannels * s.outHeight * s.outWidth)
  const channels = s.channels / s.groups
  loop([s.batch, s.outChannels, s.outHeight, s.outWidth], (n, oc, oy, ox) => {
    const group = Math.floor(oc / (s.outChannels / s.groups))
    const terms: number[] = []
    let sum = 0
    loop([channels, s.kernelHeight, s.kernelWidth], (ic, kh, kw) => {
      const iy = oy * s.strideHeight - s.padTop + kh * s.dilationHeight
      const ix = ox * s.strideWidth - s.padLeft + kw * s.dilationWidth
      const term = pixel(x, s, n, group * channels + ic, iy, ix) * weight[weightIndex(s, oc, ic, kh, kw)]
      sum = f32(sum + f32(term))
      terms.push(term)
    })
    if (bias !== null) {
      sum = f32(sum + bias[oc])
      terms.push(bias[oc])
    }
    out.put(outIndex(s, n, oc, oy, ox), sum, terms)
  })
  return out
}

export function conv2dGradInputReference(gradOut: Float32Array, weight: Float32Array, s: ConvShape): Expected {
  const out = new Output(s.batch * s.channels * s.height * s.width)
  const channels = s.channels / s.groups
  const outChannels = s.outChannels / s.groups
  loop([s.batch, s.channels, s.height, s.width], (n, c, iy, ix) => {
    const group = Math.floor(c / channels)
    const terms: number[] = []
    let sum = 0
    loop([outChannels, s.kernelHeight, s.kernelWidth], (o, kh, kw) => {
      const flippedHeight = s.kernelHeight - 1 - kh
      const flippedWidth = s.kernelWidth - 1 - kw
      const oy = (iy + s.padTop - flippedHeight * s.dilationHeight) / s.strideHeight
      const ox = (ix + s.padLeft - flippedWidth * s.dilationWidth) / s.strideWidth
      if (!Number.isInteger(oy) || !Number.isInteger(ox)) return
      if (oy < 0 || oy >= s.outHeight || ox < 0 || ox >= s.outWidth) return
      const oc = group * outChannels + o
      const w = weight[weightIndex(s, oc, c % channels, flippedHeight, flippedWidth)]
      const term = gradOut[outIndex(s, n, oc, oy, ox)] * w
      sum = f32(sum + f32(term))
      terms.push(term)
    })
    out.put(((n * s.channels + c) * s.height + iy) * s.width + ix, sum, terms)
  })
  return out
}

export function conv2dGradWeightReference(x: Float32Array, gradOut: Float32Array, s: ConvShape): Expected {
  const channels = s.channels / s.groups
  const out = new Output(s.outChannels * channels * s.kernelHeight * s.kernelWidth)
  loop([s.outChannels, channels, s.kernelHeight, s.kernelWidth], (oc, ic, kh, kw) => {
    const group = Math.floor(oc / (s.outChannels / s.groups))
    const terms: number[] = []
    const lanes = [0, 0, 0, 0]
    loop([s.batch, s.outHeight, s.outWidth], (n, oy, ox) => {
      const iy = oy * s.strideHeight - s.padTop + kh * s.dilationHeight
      const ix = ox * s.strideWidth - s.padLeft + kw * s.dilationWidth
      const term = gradOut[outIndex(s, n, oc, oy, ox)] * pixel(x, s, n, group * channels + ic, iy, ix)
      lanes[ox % 4] = f32(lanes[ox % 4] + f32(term))
      terms.push(term)
    })
    const sum = f32(f32(lanes[0] + lanes[2]) + f32(lanes[1] + lanes[3]))
    out.put(weightIndex(s, oc, ic, kh, kw), sum, terms)
  })
  return out
}
