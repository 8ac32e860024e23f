import { UnsupportedError } from '../../../engine/base/errors.ts'
import type {
  AveragePoolStep,
  ClampStep,
  ConcatStep,
  MaxPoolStep,
  ProgramValue,
  RequantiseStep,
  ReshapeStep,
  SoftmaxStep,
  Step,
  TableStep,
  TransposeStep,
} from '../../../quant/integer/program.ts'
import { float, int, ints, text, type WrittenAttributes } from './modelWriter.ts'
import type { ProgramWriter } from './programWriter.ts'
import { writeSwishGate } from './swish.ts'

/** Steps that no form of ONNX here can hold. */
type UnwrittenStep = Extract<Step, { op: 'quantise' | 'dequantise' | 'dynamicQuantiser' | 'realLayer' | 'float' }>

/** Steps that every form writes alike: the layers are left to the form. */
export type CommonStep = Exclude<Step, UnwrittenStep | { op: 'conv' | 'gemm' }>

/** How each step is written, by its operator. */
const writers: { readonly [S in CommonStep as S['op']]: (step: S, program: ProgramWriter) => void } = {
  add: (step, program) => program.operator('Add', step, reals(step, program)),
  averagePool: writeAveragePool,
  clamp: writeClamp,
  concat: writeConcat,
  maxPool: writeMaxPool,
  mul: (step, program) => program.operator('Mul', step, reals(step, program)),
  requantise: writeRequantise,
  reshape: writeReshape,
  softmax: writeSoftmax,
  table: writeTable,
  transpose: writeTranspose,
}

/** Writes a step between DequantizeLinear and QuantizeLinear. Throws `UnsupportedError` for one on real numbers. */
export function writeCommonStep(step: Exclude<Step, { op: 'conv' | 'gemm' }>, program: ProgramWriter): void {
  if (!(step.op in writers)) {
    throw new UnsupportedError(
      `export: step '${step.name}' (${step.op}) computes on real numbers; wanted a program of codes`,
    )
  }
  const write = writers[step.op as CommonStep['op']] as (step: Step, program: ProgramWriter) => void
  write(step, program)
}

function reals({ inputs }: CommonStep, program: ProgramWriter): string[] {
  return inputs.map((name) => program.real(name))
}

/** The window's attributes; ceil_mode only where the output has a window that needs it. */
function windowAttributes(step: AveragePoolStep | MaxPoolStep, program: ProgramWriter) {
  const { kernel, strides, pads, dilations } = step
  const isBeyond = reachesBeyond(step, program.value(step.inputs[0]).shape, program.value(step.output).shape)
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints(pads),
    dilations: ints(dilations),
    ...(isBeyond ? { ceil_mode: int(1) } : {}),
  }
}

/** A window over the whole plane is a GlobalAveragePool, or where the plane's dimensions go, a ReduceMean. */
function writeAveragePool(step: AveragePoolStep, program: ProgramWriter): void {
  const inputs = reals(step, program)
  const { shape } = program.value(step.inputs[0])
  if (program.value(step.output).shape.length < shape.length) {
    const axes = program.ints(`${step.name}.axes`, [2, 3])
    program.operator('ReduceMean', step, [...inputs, axes], { attributes: { keepdims: int(0) } })
  } else if (coversPlane(step, shape)) {
    program.operator('GlobalAveragePool', step, inputs)
  } else {
    program.operator('AveragePool', step, inputs, { attributes: poolAttributes(step, program) })
  }
}

function poolAttributes(step: AveragePoolStep, program: ProgramWriter): WrittenAttributes {
  const { dilations, ...window } = windowAttributes(step, program)
  const isDilated = step.dilations.some((dilation) => dilation !== 1)
  // Opset 19 brought dilations, and corrected what a window beyond the padding is divided by.
  if (isDilated || 'ceil_mode' in window) program.writer.needsOpset(19)
  return { ...window, ...(isDilated ? { dilations } : {}), count_include_pad: int(step.countPadding ? 1 : 0) }
}

function writeMaxPool(step: MaxPoolStep, program: ProgramWriter): void {
  program.operator('MaxPool', step, reals(step, program), { attributes: windowAttributes(step, program) })
}

/** Whether the window is the plane itself, and meant so: ONNX Runtime's pooling rule is not its rule for planes. */
function coversPlane({ kernel, pads, arithmetic }: AveragePoolStep, shape: ProgramValue['shape']): boolean {
  const [, h, w] = shape
  if (arithmetic.kind === 'qdq-zero-inside') return false
  return kernel[0] === h && kernel[1] === w && pads.every((pad) => pad === 0)
}

/** Whether the last window in either direction ends beyond the padding: only ceil_mode has such. */
function reachesBeyond(
  { kernel, strides, pads, dilations }: AveragePoolStep | MaxPoolStep,
  input: ProgramValue['shape'],
  output: ProgramValue['shape'],
): boolean {
  return [0, 1].some((axis) => {
    const last = (output[axis + 1] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1
    return last > input[axis + 1] + pads[axis] + pads[axis + 2]
  })
}

function writeConcat(step: ConcatStep, program: ProgramWriter): void {
  program.operator('Concat', step, reals(step, program), { attributes: { axis: int(step.axis + 1) } })
}

/** A clamp of its own keeps the quantiser, so clipping the numbers at those of the bounds clips the codes. */
function writeClamp(step: ClampStep, program: ProgramWriter): void {
  program.clip(program.real(step.inputs[0]), step.output, step.low, step.high, step.name)
}

function writeReshape(step: ReshapeStep, program: ProgramWriter): void {
  const shape = program.ints(`${step.name}.shape`, [-1, ...program.value(step.output).shape])
  program.operator('Reshape', step, [...reals(step, program), shape])
}

function writeTranspose(step: TransposeStep, program: ProgramWriter): void {
  const perm = ints([0, ...step.perm.map((axis) => axis + 1)])
  program.operator('Transpose', step, reals(step, program), { attributes: { perm } })
}

/** The function itself, between the quantisers: the runtime tabulates or computes it, with its own error. */
function writeTable(step: TableStep, program: ProgramWriter): void {
  const { writer } = program
  const inputs = reals(step, program)
  if (step.function === 'Gelu') writer.needsOpset(20)
  const attributes = Object.fromEntries(
    Object.entries(step.attributes).map(([key, value]) => [
      key,
      typeof value === 'string' ? text(value) : float(value),
    ]),
  )
  if (step.function === 'Swish') {
    const gate = writeSwishGate(inputs[0], Number(step.attributes.alpha ?? 1), step.output, writer)
    program.operator('Mul', step, [...inputs, gate])
  } else program.operator(step.function, step, inputs, { attributes })
}

function writeSoftmax(step: SoftmaxStep, program: ProgramWriter): void {
  program.operator('Softmax', step, reals(step, program), { attributes: { axis: int(step.axis + 1) } })
}

function writeRequantise(step: RequantiseStep, program: ProgramWriter): void {
  program.quantise(program.real(step.inputs[0]), step.output)
}
