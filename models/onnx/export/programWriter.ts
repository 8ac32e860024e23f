import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { IntegerProgram, ProgramConstants, ProgramValue } from '../../../quant/integer/program.ts'
import { valuesByName } from '../../../quant/integer/program.ts'
import type { OnnxTensor } from '../model.ts'
import { floatScalar, int64Vector, ModelWriter, type NodeOptions } from './modelWriter.ts'

/** The types that activation codes have in ONNX, by their least and greatest code. */
const codeTypes = [
  { type: 'uint8', qmin: 0, qmax: 255 },
  { type: 'int8', qmin: -128, qmax: 127 },
  { type: 'uint4', qmin: 0, qmax: 15 },
  { type: 'int4', qmin: -8, qmax: 7 },
] as const

/** An ONNX type of activation codes. */
export type CodeType = (typeof codeTypes)[number]['type']

/** One integer without dimensions. */
function codeScalar(type: CodeType, value: number): OnnxTensor {
  const data = type.startsWith('u') ? Uint8Array.of(value) : Int8Array.of(value)
  return { type, dims: [], data } as OnnxTensor
}

/** Writes the values of an integer program: each as codes, as the real numbers that they stand for, or both. */
export class ProgramWriter {
  readonly writer: ModelWriter
  readonly constants: ProgramConstants
  readonly int4: boolean
  readonly #program: string
  readonly #values: ReadonlyMap<string, ProgramValue>
  readonly #quantisers = new Map<string, readonly [scale: string, zeroPoint: string]>()
  readonly #input: string
  readonly #real = new Map<string, string>()

  /** `int4`: whether weights of 4 bits are int4 in the file, or int8. */
  constructor({ header, constants }: IntegerProgram, opset: number, int4: boolean) {
    this.int4 = int4
    this.constants = constants
    this.#program = header.name
    this.#input = header.input.value
    this.#values = valuesByName(header)
    const names = header.values.flatMap(({ name }) => [name, codesOf(name)])
    this.writer = new ModelWriter(opset, names)
  }

  /** A value of the program. */
  value(name: string): ProgramValue {
    return this.#values.get(name) as ProgramValue
  }

  /** The type of a value's codes. Throws `UnsupportedError` for a range that is not the whole of a type. */
  codeType(name: string): CodeType {
    const { qmin, qmax } = this.value(name)
    const found = codeTypes.find((candidate) => candidate.qmin === qmin && candidate.qmax === qmax)
    if (found === undefined) {
      throw new UnsupportedError(
        `export of program ${this.#program} to ONNX: value '${name}' has codes ${qmin} ... ${qmax}; wanted the range of uint8, int8, uint4 or int4`,
      )
    }
    if (found.type.endsWith('int4')) this.writer.needsOpset(21)
    return found.type
  }

  /** The constants that hold a value's scale and zero point. */
  quantiser(name: string): readonly [scale: string, zeroPoint: string] {
    let names = this.#quantisers.get(name)
    if (names === undefined) {
      const { scale, zeroPoint } = this.value(name)
      names = [
        this.writer.constant(`${name}.scale`, floatScalar(scale)),
        this.writer.constant(`${name}.zero_point`, codeScalar(this.codeType(name), zeroPoint)),
      ]
      this.#quantisers.set(name, names)
    }
    return names
  }

  /**
   * The tensor of a value's real numbers, made from its codes when first asked for. It has the value's name; the input's is
   * `NAME.dequantised`, because the model is given numbers that no quantiser has seen under the name itself.
   */
  real(name: string): string {
    let real = this.#real.get(name)
    if (real === undefined) {
      real = name === this.#input ? this.writer.unusedName(`${name}.dequantised`) : name
      this.#real.set(name, real)
      this.writer.node('DequantizeLinear', [codesOf(name), ...this.quantiser(name)], [real])
    }
    return real
  }

  /** Writes the codes of a value: `real` quantised. */
  quantise(real: string, name: string): void {
    this.writer.node('QuantizeLinear', [real, ...this.quantiser(name)], [codesOf(name)])
  }

  /**
   * Writes an operator between DequantizeLinear and QuantizeLinear, and where low ... high is narrower than the codes of the
   * output, quantises once more behind a Clip: before the first QuantizeLinear it would keep a runtime from fusing the operator.
   */
  operator(
    op: string,
    step: { readonly name: string; readonly output: string; readonly low?: number; readonly high?: number },
    inputs: readonly string[],
    options: Pick<NodeOptions, 'attributes'> = {},
  ): void {
    const unrounded = this.writer.unusedName(`${step.output}.unrounded`)
    this.writer.node(op, inputs, [unrounded], { name: step.name, ...options })
    this.clamped(step, (codes) =>
      this.writer.node('QuantizeLinear', [unrounded, ...this.quantiser(step.output)], [codes]),
    )
  }

  /** `write` makes codes of a name; where the step narrows them, those are clipped to the value's own. */
  clamped(
    { output, low, high }: { readonly output: string; readonly low?: number; readonly high?: number },
    write: (codes: string) => void,
  ): void {
    const { qmin, qmax } = this.value(output)
    const [least, greatest] = [Math.max(low ?? qmin, qmin), Math.min(high ?? qmax, qmax)]
    if (least === qmin && greatest === qmax) {
      write(codesOf(output))
      return
    }
    const wide = this.writer.unusedName(`${output}.unclamped.codes`)
    write(wide)
    const real = this.writer.unusedName(`${output}.unclamped`)
    this.writer.node('DequantizeLinear', [wide, ...this.quantiser(output)], [real])
    this.clip(real, output, least, greatest)
  }

  /** Writes the codes of a value: `real`, numbers of its own quantiser, clipped at those of two codes, quantised again; `step` names the Clip. */
  clip(real: string, name: string, low: number, high: number, step?: string): void {
    const { scale, zeroPoint } = this.value(name)
    const bound = (kind: string, code: number): string =>
      this.writer.constant(`${name}.${kind}`, floatScalar((code - zeroPoint) * scale))
    const clipped = this.writer.unusedName(`${name}.clipped`)
    this.writer.node('Clip', [real, bound('min', low), bound('max', high)], [clipped], { name: step })
    this.quantise(clipped, name)
  }

  /** A constant int64 vector. */
  ints(base: string, values: readonly number[]): string {
    return this.writer.constant(base, int64Vector(values))
  }
}

/** The name of the tensor that holds a value's codes; the value's own name is that of the real numbers. */
export function codesOf(name: string): string {
  return `${name}.codes`
}
