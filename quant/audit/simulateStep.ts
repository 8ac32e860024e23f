/** The real arithmetic of single steps, for one image: the literal loops, so that they share nothing with the kernels. */

import { sizeOf } from '../../engine/base/shape.ts'
import { biasStarts, centredWeights } from '../integer/constants.ts'
import type {
  AveragePoolStep,
  ConvStep,
  GemmStep,
  MaxPoolStep,
  ProgramConstants,
  ProgramValue,
  Window,
} from '../integer/program.ts'
import { averageSlack, requantiserSlack } from './slack.ts'

/** What one step computes for one image: real results in output codes, limited but not rounded, and their slack. */
export interface StepResult {
  readonly exact: Float64Array
  readonly slack: Float64Array
}

/** Zeros for one image of a value. */
export function emptyResult({ shape }: ProgramValue): StepResult {
  return { exact: new Float64Array(sizeOf(shape)), slack: new Float64Array(sizeOf(shape)) }
}

/** min(max(v, low), high). */
export function limit(v: number, low: number, high: number): number {
  return Math.min(Math.max(v, low), high)
}

/** Calls `visit` for each tap of a window at (oy, ox) that lies in the image. */
function eachTap(
  { kernel, strides, pads, dilations }: Window,
  oy: number,
  ox: number,
  h: number,
  w: number,
  visit: (y: number, x: number, tap: number) => void,
): void {
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const y = oy * strides[0] - pads[0] + ky * dilations[0]
      const x = ox * strides[1] - pads[1] + kx * dilations[1]
      if (y >= 0 && y < h && x >= 0 && x < w) visit(y, x, ky * kernel[1] + kx)
    }
  }
}

/** A convolution or matrix product on dequantised weights and inputs. Example: x = 0.5, w = 0.25, b = 1, s = 0.5, z = 0: exact 2.25. */
export function simulateLayer(
  step: ConvStep | GemmStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
  constants: ProgramConstants,
): StepResult {
  const result = emptyResult(output)
  const w = centredWeights(step.weight, constants)
  const bias = biasStarts(step.bias, step.weight.shape[0], constants)
  const [channels, groupChannels, kernelH = 1, kernelW = 1] = step.weight.shape
  const taps = kernelH * kernelW
  // The vectors of a matrix product are images of one pixel.
  const [, h, width] = step.op === 'conv' ? input.shape : [0, 1, 1]
  const [, outH, outW] = step.op === 'conv' ? output.shape : [0, 1, 1]
  const vectors = step.op === 'conv' ? 1 : sizeOf(output.shape.slice(0, -1))
  const groups = step.op === 'conv' ? step.groups : 1
  const window: Window =
    step.op === 'conv'
      ? { ...step, kernel: [kernelH, kernelW] }
      : { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }
  for (let row = 0; row < vectors * channels; row++) {
    const m = row % channels
    const vector = ((row - m) / channels) * groups * groupChannels
    const at = (scale: readonly number[]): number => scale[scale.length === 1 ? 0 : m]
    const { requantiser } = step
    const offset = requantiser.kind === 'f32-half-even' ? (requantiser.offset?.[m] ?? 0) : 0
    const coded = step.bias === null ? 0 : (bias[m] / 2 ** step.bias.shift) * at(step.bias.scale)
    const start = coded + offset * output.scale
    const first = Math.floor(m / (channels / groups)) * groupChannels
    for (let p = 0; p < outH * outW; p++) {
      let sum = start
      eachTap(window, Math.floor(p / outW), p % outW, h, width, (y, x, tap) => {
        for (let c = 0; c < groupChannels; c++) {
          const real = (codes[((vector + first + c) * h + y) * width + x] - input.zeroPoint) * input.scale
          sum += real * (w[(m * groupChannels + c) * taps + tap] * at(step.weight.scale))
        }
      })
      const v = sum / output.scale
      const o = row * outH * outW + p
      result.exact[o] = limit(v + output.zeroPoint, step.low, step.high)
      result.slack[o] = requantiserSlack(step.requantiser, m, v, Math.abs(start) / output.scale)
    }
  }
  return result
}

/** The mean of windows of dequantised codes. Example: 0.5 and 1, s = 0.5, z = 0: exact 1.5. */
export function simulateAverage(
  step: AveragePoolStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  const [channels, h, w] = input.shape
  const [, outH, outW] = output.shape
  for (let o = 0; o < channels * outH * outW; o++) {
    const c = Math.floor(o / (outH * outW))
    const oy = Math.floor(o / outW) % outH
    const ox = o % outW
    let sum = 0
    let size = 0
    let inside = 0
    eachTap(step, oy, ox, h, w, (y, x) => {
      const real = (codes[(c * h + y) * w + x] - input.zeroPoint) * input.scale
      sum += real
      size += Math.abs(real)
      inside++
    })
    let n = inside
    if (step.countPadding) {
      // Taps inside the padded image: those of a window shifted onto it.
      n = 0
      const shifted: Window = { ...step, pads: [0, 0, 0, 0] }
      const padded = [h + step.pads[0] + step.pads[2], w + step.pads[1] + step.pads[3]]
      eachTap(shifted, oy, ox, padded[0], padded[1], () => n++)
    }
    const v = sum / n / output.scale
    result.exact[o] = limit(v + output.zeroPoint, step.low, step.high)
    result.slack[o] = averageSlack(step.arithmetic, n, v, size / n / output.scale)
  }
  return result
}

/** The largest code of windows: exact. Example: codes 3 and -2 give 3. */
export function simulateMaximum(
  step: MaxPoolStep,
  codes: Int32Array,
  input: ProgramValue,
  output: ProgramValue,
): StepResult {
  const result = emptyResult(output)
  const [channels, h, w] = input.shape
  const [, outH, outW] = output.shape
  for (let o = 0; o < channels * outH * outW; o++) {
    let best = -Infinity
    const c = Math.floor(o / (outH * outW))
    eachTap(step, Math.floor(o / outW) % outH, o % outW, h, w, (y, x) => {
      best = Math.max(best, codes[(c * h + y) * w + x])
    })
    result.exact[o] = best
  }
  return result
}
