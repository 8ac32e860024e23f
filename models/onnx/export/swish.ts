import { floatScalar, type ModelWriter } from './modelWriter.ts'

/** Writes sigmoid(alpha * x), which times x is Swish: ONNX has the operator only from opset 24 on. Returns its name. */
export function writeSwishGate(x: string, alpha: number, base: string, writer: ModelWriter): string {
  let argument = x
  if (alpha !== 1) {
    argument = writer.unusedName(`${base}.scaled`)
    writer.node('Mul', [x, writer.constant(`${base}.alpha`, floatScalar(alpha))], [argument])
  }
  const gate = writer.unusedName(`${base}.sigmoid`)
  writer.node('Sigmoid', [argument], [gate])
  return gate
}
