import { sizeOf } from '../../../engine/base/shape.ts'
import { floatConstant } from '../constants.ts'
import { exactSums } from '../kernels/exactSums.ts'
import { roundFloat } from '../kernels/roundFloat.ts'
import type { RealLayerStep } from '../program.ts'
import type { BufferArray } from '../storage.ts'
import { exactLayer } from './exactPlan.ts'
import { type AnyPreparation, noScratch, type PreparedStep, prepared, require } from './runner.ts'

/** A layer from codes to real numbers: plain kernels, sums in doubles; see `RealLayerStep`. */
export function prepareRealLayer(step: RealLayerStep, { inputs, output, constants }: AnyPreparation): PreparedStep {
  const [input, range] = inputs
  require(input.storage !== 'float32' && output.storage === 'float32', step.name, 'codes in and real numbers out')
  require(range === undefined ||
    (range.storage === 'float32' && sizeOf(range.shape) === 2), step.name, 'a scale and a zero point for each image')
  const { plan, vectors } = exactLayer(step.name, step.weight, step.window, input, output, constants)
  const { channels, h, w, outChannels, outH, outW } = plan
  const bias = step.bias === null ? null : floatConstant(step.bias, outChannels, constants)
  const scales = step.weight.scale
  const low = step.low ?? -Infinity
  const high = step.high ?? Infinity
  const { format } = output
  const rows = vectors * outChannels * outH
  const sums = new Float64Array(outW)
  return prepared<object, BufferArray>({}, noScratch, (_, { inputs: [codes, ranges], batch, out }) => {
    const x = codes as Int8Array | Int16Array
    const y = out as Float32Array
    for (let row = 0; row < batch * rows; row++) {
      const m = Math.floor(row / outH) % outChannels
      const image = Math.floor(row / (outH * outChannels))
      const n = Math.floor(row / rows)
      const scale = ranges === undefined ? input.scale : ranges[2 * n]
      const zeroPoint = ranges === undefined ? input.zeroPoint : ranges[2 * n + 1] - input.offset
      const factor = Math.fround(scale * scales[scales.length === 1 ? 0 : m])
      const added = bias === null ? 0 : bias[m]
      exactSums(x, image * channels * h * w, plan, zeroPoint, m, row % outH, sums)
      for (let i = 0; i < outW; i++) {
        const v = Math.fround(Math.fround(Math.fround(sums[i]) * factor) + added)
        y[row * outW + i] = Math.min(Math.max(v, low), high)
      }
    }
    roundFloat(y.subarray(0, batch * rows * outW), format)
  })
}
