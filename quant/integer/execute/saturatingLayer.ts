import { biasStarts, weightCodes } from '../constants.ts'
import type { SaturatingPlan } from '../kernels/saturatingLayer.ts'
import type { ConvStep, GemmStep } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import { storedTarget } from '../storage.ts'
import { type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/**
 * A layer whose neighbouring products saturate in pairs; a matrix product is a convolution of one pixel. `prepareConv` and `prepareGemm` have
 * checked the shapes.
 */
export function prepareSaturatingLayer(
  step: ConvStep | GemmStep,
  { inputs, output, constants }: Preparation,
): PreparedStep {
  const [input] = inputs
  require(input.offset === 128, step.name, 'unsigned input codes where pairs saturate')
  require((step.weight.zeroPoint ?? 0) === 0, step.name, 'weights without a zero point where pairs saturate')
  const isConv = step.op === 'conv'
  const [channels, h, w] = isConv ? input.shape : [input.shape[input.shape.length - 1], 1, 1]
  const [, outH, outW] = isConv ? output.shape : [0, 1, 1]
  const [outChannels, groupChannels, kernelH = 1, kernelW = 1] = step.weight.shape
  const [dilationH, dilationW] = isConv ? step.dilations : [1, 1]
  const [strideH, strideW] = isConv ? step.strides : [1, 1]
  const [top, left] = isConv ? step.pads : [0, 0]
  const groups = isConv ? step.groups : 1
  const rows: number[] = []
  const columns: number[] = []
  const planes: number[] = []
  const order: number[] = []
  for (let y = 0; y < kernelH; y++) {
    for (let x = 0; x < kernelW; x++) {
      for (let c = 0; c < groupChannels; c++) {
        rows.push(y * dilationH)
        columns.push(x * dilationW)
        planes.push(c)
        order.push((c * kernelH + y) * kernelW + x)
      }
    }
  }
  const real = order.length
  if (real % 2 === 1) for (const list of [rows, columns, planes]) list.push(0)
  const taps = rows.length
  const codes = weightCodes(step.weight, constants)
  const weights = new Int8Array(outChannels * taps)
  const starts = biasStarts(step.bias, outChannels, constants)
  const zeroPoint = input.zeroPoint + input.offset
  for (let m = 0; m < outChannels; m++) {
    for (let k = 0; k < real; k++) {
      const code = codes[m * real + order[k]]
      weights[m * taps + k] = code
      starts[m] -= zeroPoint * code
    }
  }
  const plan: SaturatingPlan = {
    channels,
    h,
    w,
    offset: input.offset,
    zeroPoint,
    groups,
    groupOut: outChannels / groups,
    outH,
    outW,
    strideH,
    strideW,
    top,
    left,
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
    planes: Int32Array.from(planes),
    weights,
    starts,
    requantiser: requantiserTable(step.requantiser, outChannels),
    target: storedTarget(output, step),
  }
  const images = isConv ? 1 : input.shape.slice(0, -1).reduce((a, b) => a * b, 1)
  return prepared(plan, { packed: 0, sums: outW }, (placed, { kernels, inputs: [x], batch, scratch, out }) =>
    kernels.saturatingLayer(x, batch * images, placed, scratch.sums, out),
  )
}
