import type { OperationCall } from '../../../models/golden/operation.ts'

/** What a layer that is written down once more does otherwise than ONNX's text. */
export interface LayerFault {
  /** From sum times multiplier, zero point and limits to a code. */
  readonly code?: (v: number, zeroPoint: number, low: number, high: number) => number
  readonly weight?: (code: number, index: readonly number[]) => number
  readonly multiplier?: (real: number, channel: number, all: readonly number[]) => number
  /** What a padding tap holds above the zero point. */
  readonly padding?: number
}

const MAGIC = 3 * 2 ** 51

/** Ties to even, the zero point added afterwards: the text of ONNX. */
export const rightCode = (v: number, zeroPoint: number, low: number, high: number): number =>
  Math.min(Math.max(v + MAGIC - MAGIC + zeroPoint, low), high)

/** A convolution with f32 requantisation as literal loops; shares nothing with kernels and hypotheses. */
export function faultyConvolution(
  { operation, inputs, output, codes, batch, constants }: OperationCall,
  fault: LayerFault,
): Int32Array {
  if (operation.op !== 'conv' || operation.requantiser.kind !== 'f32-half-even') throw new Error('wanted an f32 layer')
  const { strides, pads, weight, low, high, requantiser, bias } = operation
  const [channels, h, w] = inputs[0].shape
  const [outChannels, outH, outW] = output.shape
  const [, , kernelH, kernelW] = weight.shape
  const weights = constants.get(weight.constant) as Int8Array
  const start = bias === null ? null : constants.get(bias.constant)
  const out: number[] = []
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < outChannels; m++) {
      const real = requantiser.scale[m]
      const scale = Math.fround(fault.multiplier?.(real, m, requantiser.scale) ?? real)
      for (let oy = 0; oy < outH; oy++) {
        for (let ox = 0; ox < outW; ox++) {
          let sum = start?.[m] ?? 0
          for (let c = 0; c < channels; c++) {
            for (let ky = 0; ky < kernelH; ky++) {
              for (let kx = 0; kx < kernelW; kx++) {
                const y = oy * strides[0] - pads[0] + ky
                const x = ox * strides[1] - pads[1] + kx
                const code = weights[((m * channels + c) * kernelH + ky) * kernelW + kx]
                const q = fault.weight?.(code, [m, c, ky, kx]) ?? code
                const isInside = y >= 0 && y < h && x >= 0 && x < w
                const steps = isInside
                  ? codes[0][((n * channels + c) * h + y) * w + x] - inputs[0].zeroPoint
                  : (fault.padding ?? 0)
                sum += q * steps
              }
            }
          }
          out.push((fault.code ?? rightCode)(Math.fround(Math.fround(sum) * scale), output.zeroPoint, low, high))
        }
      }
    }
  }
  return Int32Array.from(out)
}
