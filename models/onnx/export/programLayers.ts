import { UnsupportedError } from '../../../engine/base/errors.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { weightCodes } from '../../../quant/integer/constants.ts'
import type { ConvStep, GemmStep, WeightConstant } from '../../../quant/integer/program.ts'
import { floatScalar, floatVector, int, ints } from './modelWriter.ts'
import { codesOf, type ProgramWriter } from './programWriter.ts'

type Layer = ConvStep | GemmStep

/** The constants of a layer's weights. */
interface WrittenWeight {
  readonly codes: string
  readonly scale: string
  readonly zeroPoint: string
}

/** A layer's weights as `codes` under `dims`: codes, scales (one, or one for each output channel) and their one zero point. */
function writeWeight(
  weight: WeightConstant,
  { codes, dims }: { readonly codes: Int8Array; readonly dims: readonly number[] },
  program: ProgramWriter,
): WrittenWeight {
  const { writer } = program
  const type = weight.bits === 4 && program.int4 ? 'int4' : 'int8'
  if (type === 'int4') writer.needsOpset(21)
  const { constant, scale, zeroPoint = 0 } = weight
  const channels = scale.length > 1 ? [scale.length] : []
  return {
    codes: writer.constant(`${constant}.codes`, { type, dims, data: codes }),
    scale: writer.constant(`${constant}.scale`, channels.length > 0 ? floatVector(scale) : floatScalar(scale[0])),
    zeroPoint: writer.constant(`${constant}.zero_point`, {
      type,
      dims: channels,
      data: new Int8Array(scale.length).fill(zeroPoint),
    }),
  }
}

/** Throws `UnsupportedError` for a layer whose bias stays real: there is no integer bias to write. */
export function refuseRealBias({ name, requantiser }: Layer): void {
  if (!('offset' in requantiser) || requantiser.offset === undefined) return
  throw new UnsupportedError(`export: step '${name}' adds a real bias after scaling; wanted an integer bias`)
}

/** What the accumulators start at, as int32 codes of scale s_x * s_w; '' without a bias. */
function writeBias({ bias }: Layer, program: ProgramWriter): string {
  if (bias === null) return ''
  const codes = program.constants.get(bias.constant) as Int32Array
  const data = codes.map((code) => code * 2 ** bias.shift)
  return program.writer.constant(`${bias.constant}.codes`, { type: 'int32', dims: [data.length], data })
}

/** Dequantises constant codes of a layer. */
function dequantised(name: string, inputs: readonly string[], axis: number | null, { writer }: ProgramWriter): string {
  const real = writer.unusedName(name)
  writer.node('DequantizeLinear', inputs, [real], axis === null ? {} : { attributes: { axis: int(axis) } })
  return real
}

/** Weights and bias as real numbers: the inputs of a float operator behind the data. */
function realOperands(step: Layer, program: ProgramWriter): string[] {
  const { weight, bias } = step
  const written = { codes: weightCodes(weight, program.constants), dims: weight.shape }
  const { codes, scale, zeroPoint } = writeWeight(weight, written, program)
  const axis = weight.scale.length > 1 ? 0 : null
  const operands = [dequantised(weight.constant, [codes, scale, zeroPoint], axis, program)]
  if (bias === null) return operands
  const s = program.value(step.inputs[0]).scale
  const scales = weight.scale.map((w) => s * w)
  const biasScale = program.writer.constant(
    `${bias.constant}.scale`,
    scales.length > 1 ? floatVector(scales) : floatScalar(scales[0]),
  )
  return [...operands, dequantised(bias.constant, [writeBias(step, program), biasScale], axis, program)]
}

function convAttributes({ weight, strides, pads, dilations, groups }: ConvStep) {
  return {
    kernel_shape: ints(weight.shape.slice(2)),
    strides: ints(strides),
    pads: ints(pads),
    dilations: ints(dilations),
    group: int(groups),
  }
}

/** The extents of a linear layer's input are [batch, ..., K]; whether there are any between. */
const isMatrix = (step: GemmStep, program: ProgramWriter): boolean => program.value(step.inputs[0]).shape.length === 1

/** A convolution as DequantizeLinear, Conv, QuantizeLinear. */
export function writeQdqConv(step: ConvStep, program: ProgramWriter): void {
  const inputs = [program.real(step.inputs[0]), ...realOperands(step, program)]
  program.operator('Conv', step, inputs, { attributes: convAttributes(step) })
}

/** A linear layer without bias as DequantizeLinear, MatMul, QuantizeLinear; weights [K, M]. */
function writeMatMul(step: GemmStep, program: ProgramWriter): void {
  const { weight, name } = step
  const [rows, columns] = weight.shape
  const codes = weightCodes(weight, program.constants)
  const transposed = Int8Array.from(codes, (_, i) => codes[(i % rows) * columns + Math.floor(i / rows)])
  const written = writeWeight(weight, { codes: transposed, dims: [columns, rows] }, program)
  const axis = weight.scale.length > 1 ? 1 : null
  const inputs = [written.codes, written.scale, written.zeroPoint]
  const operand = dequantised(`${name}.weight`, inputs, axis, program)
  program.operator('MatMul', step, [program.real(step.inputs[0]), operand])
}

/**
 * A linear layer as DequantizeLinear, Gemm, QuantizeLinear; over more dimensions, on the codes as rows. Without a bias it is
 * a MatMul.
 */
export function writeQdqGemm(step: GemmStep, program: ProgramWriter): void {
  if (step.bias === null) {
    writeMatMul(step, program)
    return
  }
  const attributes = { transB: int(1) }
  if (isMatrix(step, program)) {
    const inputs = [program.real(step.inputs[0]), ...realOperands(step, program)]
    program.operator('Gemm', step, inputs, { attributes })
    return
  }
  asRows(step, program, (rows, out) => {
    const { writer } = program
    const real = writer.unusedName(`${step.inputs[0]}.rows`)
    writer.node('DequantizeLinear', [rows, ...program.quantiser(step.inputs[0])], [real])
    const unrounded = writer.unusedName(`${step.output}.unrounded`)
    writer.node('Gemm', [real, ...realOperands(step, program)], [unrounded], { name: step.name, attributes })
    writer.node('QuantizeLinear', [unrounded, ...program.quantiser(step.output)], [out])
  })
}

/** Codes [N, ..., K] as rows [-1, K], the layer on them, and the result in its own shape again. */
function asRows(step: GemmStep, program: ProgramWriter, layer: (rows: string, out: string) => void): void {
  const { writer } = program
  const [from, to] = [program.value(step.inputs[0]), program.value(step.output)]
  const rows = writer.unusedName(`${from.name}.rows.codes`)
  const out = writer.unusedName(`${to.name}.rows.codes`)
  const depth = from.shape.at(-1) as number
  writer.node('Reshape', [codesOf(from.name), program.ints(`${step.name}.rows`, [-1, depth])], [rows])
  layer(rows, out)
  program.clamped(step, (codes) =>
    writer.node('Reshape', [out, program.ints(`${step.name}.shape`, [-1, ...to.shape])], [codes]),
  )
}

/** Weights, scales, zero points and bias of a QLinearConv over codes `x`, which gives codes `y`. */
function writeQLinear(
  step: Layer,
  dims: readonly number[],
  [x, y]: readonly [string, string],
  attributes: ReturnType<typeof convAttributes>,
  program: ProgramWriter,
): void {
  const weight = writeWeight(step.weight, { codes: weightCodes(step.weight, program.constants), dims }, program)
  const inputs = [
    x,
    ...program.quantiser(step.inputs[0]),
    weight.codes,
    weight.scale,
    weight.zeroPoint,
    ...program.quantiser(step.output),
    writeBias(step, program),
  ]
  program.writer.node('QLinearConv', inputs, [y], { name: step.name, attributes })
}

/** A convolution as QLinearConv. */
export function writeQLinearConv(step: ConvStep, program: ProgramWriter): void {
  program.clamped(step, (codes) =>
    writeQLinear(step, step.weight.shape, [codesOf(step.inputs[0]), codes], convAttributes(step), program),
  )
}

/** A linear layer as QLinearConv of 1x1 pictures: QLinearMatMul takes no bias. */
export function writeQLinearGemm(step: GemmStep, program: ProgramWriter): void {
  const { writer } = program
  const [from, to] = [program.value(step.inputs[0]), program.value(step.output)]
  const [channels, depth] = step.weight.shape
  const points = sizeOf(from.shape) / depth
  const picture = writer.unusedName(`${from.name}.picture.codes`)
  const result = writer.unusedName(`${to.name}.picture.codes`)
  // Rows of K features become pictures of one pixel, so that several rows an image are several pictures.
  writer.node('Reshape', [codesOf(from.name), program.ints(`${step.name}.picture`, [-1, depth, 1, 1])], [picture])
  const attributes = convAttributes({
    ...step,
    op: 'conv',
    weight: { ...step.weight, shape: [channels, depth, 1, 1] },
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    groups: 1,
  })
  writeQLinear(step, [channels, depth, 1, 1], [picture, result], attributes, program)
  const shape = points === 1 && to.shape.length === 1 ? [-1, channels] : [-1, ...to.shape]
  program.clamped(step, (codes) => writer.node('Reshape', [result, program.ints(`${step.name}.shape`, shape)], [codes]))
}
