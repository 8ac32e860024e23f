import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { IntegerProgram, Step } from '../../../quant/integer/program.ts'
import type { OnnxModel, OnnxValueInfo } from '../model.ts'
import { refuseRealBias, writeQdqConv, writeQdqGemm, writeQLinearConv, writeQLinearGemm } from './programLayers.ts'
import { writeCommonStep } from './programSteps.ts'
import { codesOf, ProgramWriter } from './programWriter.ts'

/** What the export of a program may be asked for. */
export interface ExportProgramOptions {
  /** The least opset of the file. Default 18; int4 codes need 21. */
  readonly opset?: number
  /** Whether weights of 4 bits are written as int4; else their codes are int8, which more runtimes compute in integers. Default true. */
  readonly int4?: boolean
  /** Whether the codes of every value are outputs too, in the order of the steps: to compare them. Default false. */
  readonly codes?: boolean
}

/**
 * A compiled model as an ONNX file in QDQ form: float operators between DequantizeLinear and QuantizeLinear with the
 * program's codes, scales and zero points, for a runtime to fuse. Weights are int8 (int4 from opset 21 on) with one scale or
 * one for each output channel, biases int32 of scale s_x * s_w. The model takes and gives real numbers; a value is named as
 * in the program, and the tensor of its codes `NAME.codes`. Fused activations are in the quantisers: where a bound lies within
 * the code range, DequantizeLinear, Clip and QuantizeLinear follow.
 *
 * The form carries quantisers, not arithmetic: how sums are rescaled and rounded, additions aligned and tables made is the
 * runtime's choice. The metadata say what the program does: `quant-trim.backend` its back end, `quant-trim.arithmetic` the
 * requantiser or arithmetic of each step (of a table the rule that made it), `quant-trim.input-rounding` how the input's ties are settled (ONNX: to even).
 *
 * Throws `UnsupportedError` for codes that are no ONNX type, and `FormatError` for constants that do not fit.
 * Example: one conv of 'ort-x86' gives QuantizeLinear, 3 x DequantizeLinear, Conv, QuantizeLinear, DequantizeLinear.
 */
export function exportQdq(program: IntegerProgram, options: ExportProgramOptions = {}): OnnxModel {
  return exportProgram(program, options, (step, writer) => {
    if (step.op === 'conv') writeQdqConv(step, writer)
    else if (step.op === 'gemm') writeQdqGemm(step, writer)
    else writeCommonStep(step, writer)
  })
}

/**
 * The same with the layers as QLinearConv, which says that they are computed on integers; a linear layer is one over
 * pictures of one pixel, because QLinearMatMul takes no bias, and 4-bit weights are int8. Standard ONNX has no such form of the other operators: they
 * stay between DequantizeLinear and QuantizeLinear. Example: one conv gives QuantizeLinear, QLinearConv, DequantizeLinear.
 */
export function exportQLinear(program: IntegerProgram, options: Omit<ExportProgramOptions, 'int4'> = {}): OnnxModel {
  return exportProgram(program, { ...options, int4: false }, (step, writer) => {
    if (step.op === 'conv') writeQLinearConv(step, writer)
    else if (step.op === 'gemm') writeQLinearGemm(step, writer)
    else writeCommonStep(step, writer)
  })
}

function exportProgram(
  program: IntegerProgram,
  { opset = 18, codes = false, int4 = true }: ExportProgramOptions,
  writeStep: (step: Step, writer: ProgramWriter) => void,
): OnnxModel {
  const { header } = program
  const writer = new ProgramWriter(program, opset, int4)
  const { value: input } = header.input
  checkCodes(program, writer)
  writer.quantise(input, input)
  for (const step of header.steps) {
    if (step.op === 'conv' || step.op === 'gemm') refuseRealBias(step)
    writeStep(step, writer)
  }
  const real = writer.real(header.output)
  const outputs = [realInfo(real, header.output, writer)]
  if (codes)
    for (const name of [input, ...header.steps.map(({ output }) => output)]) outputs.push(codesInfo(name, writer))
  return writer.writer.finish(header.name, [realInfo(input, input, writer)], outputs, notes(program))
}

/** Throws `UnsupportedError` for a program that is not codes of an ONNX type from end to end. */
function checkCodes({ header }: IntegerProgram, writer: ProgramWriter): void {
  const [real] = header.floats ?? []
  if (real !== undefined) {
    throw new UnsupportedError(
      `export of program ${header.name} to ONNX: '${real.name}' is real numbers (${real.format}); wanted a program of codes`,
    )
  }
  for (const { name } of header.values) writer.codeType(name)
}

function realInfo(tensor: string, value: string, writer: ProgramWriter): OnnxValueInfo {
  return { name: tensor, type: 'float32', dims: ['N', ...writer.value(value).shape] }
}

function codesInfo(value: string, writer: ProgramWriter): OnnxValueInfo {
  return { name: codesOf(value), type: writer.codeType(value), dims: ['N', ...writer.value(value).shape] }
}

/** What a QDQ graph cannot say. */
function notes({ header }: IntegerProgram): Map<string, string> {
  const arithmetic: Record<string, object> = {}
  for (const step of header.steps) {
    if ('requantiser' in step) arithmetic[step.name] = step.requantiser
    else if ('arithmetic' in step) arithmetic[step.name] = step.arithmetic
    else if (step.op === 'table') arithmetic[step.name] = { kind: 'table', rule: step.rule }
  }
  return new Map([
    ['quant-trim.backend', header.backend],
    ['quant-trim.input-rounding', header.input.rounding],
    ['quant-trim.arithmetic', JSON.stringify(arithmetic)],
  ])
}
