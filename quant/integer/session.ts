import { FormatError, ShapeError } from '../../engine/base/errors.ts'
import { formatShape, type Shape, sameShape, sizeOf } from '../../engine/base/shape.ts'
import { dequantise, quantise } from '../affine/quantise.ts'
import type { Quantiser } from '../affine/quantiser.ts'
import { prepareStep } from './execute/prepare.ts'
import type { Runner } from './execute/runner.ts'
import { type IntegerKernels, plainIntegerKernels } from './kernels/index.ts'
import { planMemory } from './memoryPlan.ts'
import { type IntegerProgram, type ProgramValue, valuesByName } from './program.ts'

/** Real numbers with a shape, batch first. A float32 tensor is one. */
export interface FloatArray {
  readonly shape: Shape
  readonly data: Float32Array
}

/** Codes with a shape, batch first. */
export interface CodeTensor {
  readonly shape: Shape
  readonly data: Int32Array
}

/** What a session is made with. */
export interface SessionOptions {
  /** The kernels to compute with; every table gives the same bits. Default: the plain TypeScript ones. */
  readonly kernels?: IntegerKernels
}

/** What a run may be asked for. */
export interface RunOptions {
  /** Is filled with a copy of every value's codes, by name, in the order of the steps. */
  readonly trace?: Map<string, CodeTensor>
}

interface PreparedStep {
  readonly run: Runner | null
  readonly inputs: readonly number[]
  readonly output: number
  readonly value: ProgramValue
}

/** The quantiser of a value. */
export function quantiserOf(value: ProgramValue): Quantiser {
  const { scale, zeroPoint, qmin, qmax } = value
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}

/**
 * Runs an integer program. Between the quantised input and the dequantised output there are integers only, apart from
 * requantisers that a back end defines in floating point, so the codes are the same everywhere. Memory is kept between
 * runs: runs of the same batch size allocate nothing but their result.
 */
export class IntegerSession {
  readonly program: IntegerProgram
  readonly #steps: PreparedStep[]
  readonly #input: ProgramValue
  readonly #output: ProgramValue
  readonly #sizes: readonly number[]
  readonly #inputBuffer: number
  readonly #outputBuffer: number
  #buffers: Int32Array[] = []
  #capacity = -1

  /** Unpacks the constants. Throws `FormatError` for a program whose parts do not fit together. */
  constructor(program: IntegerProgram, options: SessionOptions = {}) {
    const { header, constants } = program
    const kernels = options.kernels ?? plainIntegerKernels
    const values = valuesByName(header)
    const defined = new Set([header.input.value])
    const valueNamed = (name: string): ProgramValue => {
      const value = values.get(name)
      if (value === undefined) throw new FormatError(`program ${header.name}: there is no value '${name}'`)
      return value
    }
    for (const step of header.steps) {
      for (const name of [...step.inputs, step.output]) valueNamed(name)
      for (const name of step.inputs) {
        if (!defined.has(name)) throw new FormatError(`program: step '${step.name}' reads '${name}' before it is made`)
      }
      defined.add(step.output)
    }
    if (!defined.has(header.output)) throw new FormatError(`program: nothing makes the output '${header.output}'`)
    const plan = planMemory(header)
    const bufferOf = (name: string): number => plan.bufferOf.get(name) as number
    this.program = program
    this.#input = valueNamed(header.input.value)
    this.#output = valueNamed(header.output)
    this.#sizes = plan.sizes
    this.#inputBuffer = bufferOf(header.input.value)
    this.#outputBuffer = bufferOf(header.output)
    this.#steps = header.steps.map((step) => {
      const inputs = step.inputs.map(valueNamed)
      const output = valueNamed(step.output)
      return {
        run: prepareStep(step, { inputs, output, constants, kernels }),
        inputs: step.inputs.map(bufferOf),
        output: bufferOf(step.output),
        value: output,
      }
    })
  }

  /**
   * From real images [N, ...] to real outputs [N, ...]: quantises, runs the steps, dequantises. Throws `ShapeError` for
   * images of another shape.
   */
  run(images: FloatArray, options: RunOptions = {}): FloatArray {
    const batch = this.#batchOf(images)
    const { rounding } = this.program.header.input
    this.#reserve(batch)
    const codes = this.#buffers[this.#inputBuffer].subarray(0, images.data.length)
    quantise(images.data, images.shape, quantiserOf(this.#input), { rounding }, codes)
    const { shape, data } = this.#execute(batch, options)
    return { shape, data: dequantise(data, shape, quantiserOf(this.#output)) }
  }

  /**
   * From input codes to output codes, integers only. Throws `ShapeError` for another shape or codes outside the input's
   * range.
   */
  runCodes(codes: CodeTensor, options: RunOptions = {}): CodeTensor {
    const batch = this.#batchOf(codes)
    const { qmin, qmax, name } = this.#input
    for (const q of codes.data) {
      if (q < qmin || q > qmax) {
        throw new ShapeError(`session: input '${name}' holds code ${q}; wanted ${qmin} ... ${qmax}`)
      }
    }
    this.#reserve(batch)
    this.#buffers[this.#inputBuffer].set(codes.data)
    const { shape, data } = this.#execute(batch, options)
    return { shape, data: data.slice() }
  }

  /** Runs the steps on the codes in the input buffer. The result is a view of the output buffer. */
  #execute(batch: number, { trace }: RunOptions): CodeTensor {
    const keep = (value: ProgramValue, buffer: number): void => {
      trace?.set(value.name, copyOf(view(value, buffer)))
    }
    const view = ({ shape }: ProgramValue, buffer: number): CodeTensor => ({
      shape: [batch, ...shape],
      data: this.#buffers[buffer].subarray(0, batch * sizeOf(shape)),
    })
    keep(this.#input, this.#inputBuffer)
    for (const step of this.#steps) {
      const inputs = step.inputs.map((buffer) => this.#buffers[buffer])
      step.run?.(inputs, batch, this.#buffers[step.output])
      keep(step.value, step.output)
    }
    return view(this.#output, this.#outputBuffer)
  }

  #batchOf({ shape, data }: FloatArray | CodeTensor): number {
    const wanted = this.#input.shape
    if (shape.length !== wanted.length + 1 || !sameShape(shape.slice(1), wanted)) {
      throw new ShapeError(
        `session: input '${this.#input.name}' is ${formatShape(shape)}, wanted ${formatShape([null, ...wanted])}`,
      )
    }
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        `session: shape ${formatShape(shape)} holds ${sizeOf(shape)} elements, the data ${data.length}`,
      )
    }
    return shape[0]
  }

  #reserve(batch: number): void {
    if (batch <= this.#capacity) return
    this.#buffers = this.#sizes.map((size) => new Int32Array(size * batch))
    this.#capacity = batch
  }
}

function copyOf({ shape, data }: CodeTensor): CodeTensor {
  return { shape, data: data.slice() }
}
