import { FormatError, ShapeError, UsageError } from '../../engine/base/errors.ts'
import { formatShape, type Shape, sameShape, sizeOf } from '../../engine/base/shape.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import type { Quantiser } from '../affine/quantiser.ts'
import type { FloatOperators } from './execute/floatOperators.ts'
import { prepareStep } from './execute/prepare.ts'
import type { PreparedStep } from './execute/runner.ts'
import { roundFloat } from './kernels/roundFloat.ts'
import { planBytes, planMemory } from './memoryPlan.ts'
import { floatsByName, type IntegerProgram, type ProgramValue, valuesByName } from './program.ts'
import { type BufferSpec, createWorkspace, type Workspace } from './simd/workspace.ts'
import { type BufferArray, type CodeArray, type Stored, type StoredValue, storedValue } from './storage.ts'

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

/** Bytes of codes that images of one pass may take: of the order of a cache, so that codes are still there when read. */
const PASS_BYTES = 2 ** 21

/** What a session is made with. */
export interface SessionOptions {
  /** 'simd': WebAssembly SIMD where there is, else the plain kernels; both give the same bits. Default 'simd'. */
  readonly kernels?: 'simd' | 'plain'
  /** Splits the work of 'simd' over threads; the same bits with any number. Default: this thread alone. */
  readonly executor?: Executor
  /** What computes the steps that a back end leaves to real numbers. Wanted where the program has such steps. */
  readonly floatOperators?: FloatOperators
}

/** What a run may be asked for. */
export interface RunOptions {
  /** Is filled with a copy of every value's codes, by name, in the order of the steps. */
  readonly trace?: Map<string, CodeTensor>
  /** Is filled likewise with every value that is real numbers. */
  readonly traceFloats?: Map<string, FloatArray>
}

/** A step in its place: null where it only renames. */
interface PlacedStep {
  readonly step: PreparedStep | null
  readonly inputs: readonly number[]
  readonly output: number
  readonly value: Stored
}

/** How the codes of a pass, whose images are those from `first` on, come into the input's buffer and leave the output's. */
interface PassEnds {
  fill(first: number, kept: BufferArray): void
  take(first: number, kept: BufferArray): void
}

/** The quantiser of a value. */
export function quantiserOf(value: ProgramValue): Quantiser {
  const { scale, zeroPoint, qmin, qmax } = value
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}

/**
 * Runs an integer program. Between the quantised input and the dequantised output there are integers only, apart from
 * requantisers that a back end defines in floating point and steps on real numbers, so the codes are the same everywhere. Constants, codes and scratch
 * lie in one memory, made for the largest batch so far (larger batches than fit a cache run in several passes): runs that
 * do not exceed it allocate nothing but their result.
 */
export class IntegerSession {
  readonly program: IntegerProgram
  readonly #steps: readonly PlacedStep[]
  readonly #input: Stored
  readonly #output: Stored
  readonly #buffers: readonly BufferSpec[]
  readonly #inputBuffer: number
  readonly #outputBuffer: number
  readonly #options: SessionOptions
  readonly #imagesPerPass: number
  #workspace: Workspace
  #capacity = 1

  /** Unpacks the constants. Throws `FormatError` for a program whose parts do not fit together. */
  constructor(program: IntegerProgram, options: SessionOptions = {}) {
    const { header, constants } = program
    const values = valuesByName(header)
    const floats = floatsByName(header)
    const defined = new Set([header.input.value])
    const valueNamed = (name: string): Stored => {
      const value = values.get(name)
      const float = floats.get(name)
      if (float !== undefined) return { ...float, storage: 'float32' }
      if (value === undefined) throw new FormatError(`program ${header.name}: there is no value '${name}'`)
      return storedValue(value)
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
    this.#options = options
    this.#input = valueNamed(header.input.value)
    this.#output = valueNamed(header.output)
    this.#buffers = plan.sizes.map((size, i) => ({ size, storage: plan.storages[i] }))
    this.#imagesPerPass = Math.max(1, Math.floor(PASS_BYTES / Math.max(1, planBytes(plan))))
    this.#inputBuffer = bufferOf(header.input.value)
    this.#outputBuffer = bufferOf(header.output)
    this.#steps = header.steps.map((step) => {
      const inputs = step.inputs.map(valueNamed)
      const output = valueNamed(step.output)
      return {
        step: prepareStep(step, { inputs, output, constants, floatOperators: options.floatOperators }),
        inputs: step.inputs.map(bufferOf),
        output: bufferOf(step.output),
        value: output,
      }
    })
    this.#workspace = this.#createWorkspace()
  }

  /**
   * From real images [N, ...] to real outputs [N, ...]: quantises, runs the steps, dequantises. Throws `ShapeError` for
   * images of another shape.
   */
  run(images: FloatArray, options: RunOptions = {}): FloatArray {
    const batch = this.#batchOf(images)
    const [sizeIn, sizeOut] = [sizeOf(this.#input.shape), sizeOf(this.#output.shape)]
    const data = new Float32Array(batch * sizeOut)
    this.#passes(batch, options, {
      fill: (first, kept) => {
        const from = first * sizeIn
        this.#quantise(images.data.subarray(from, from + kept.length), kept)
      },
      take: (first, kept) => {
        const to = first * sizeOut
        this.#dequantise(kept, this.#output, data.subarray(to, to + kept.length))
      },
    })
    return { shape: [batch, ...this.#output.shape], data }
  }

  /**
   * From input codes to output codes, integers only. Throws `ShapeError` for another shape or codes outside the input's
   * range, `UsageError` where the program's input or output are real numbers.
   */
  runCodes(codes: CodeTensor, options: RunOptions = {}): CodeTensor {
    const batch = this.#batchOf(codes)
    const [input, output] = [this.#input, this.#output]
    if (input.storage === 'float32' || output.storage === 'float32') {
      const { name } = input.storage === 'float32' ? input : output
      throw new UsageError(`session: '${name}' is real numbers and has no codes; use run`)
    }
    const { qmin, qmax, name, offset } = input
    const wrong = findOutside(codes.data, qmin + offset, qmax + offset)
    if (wrong !== undefined) {
      throw new ShapeError(`session: input '${name}' holds code ${wrong}; wanted ${qmin + offset} ... ${qmax + offset}`)
    }
    const result = emptyCodes(output, batch)
    this.#passes(batch, options, {
      fill: (first, kept) => {
        const from = first * sizeOf(input.shape)
        const wanted = codes.data.subarray(from, from + kept.length)
        if (kept instanceof Int8Array) this.#workspace.kernels.narrowCodes(wanted, offset, kept)
        else for (let i = 0; i < kept.length; i++) kept[i] = wanted[i] - offset
      },
      take: (first, kept) => this.#copyCodes(kept, output, first, result),
    })
    return result
  }

  /** Runs the steps on as many images at a time as fit; `ends` brings codes in and takes them out. */
  #passes(batch: number, { trace, traceFloats }: RunOptions, ends: PassEnds): void {
    this.#reserve(batch)
    const { kernels, buffers, scratch } = this.#workspace
    const values = [this.#input, ...this.#steps.map(({ value }) => value)]
    for (const value of values) {
      if (value.storage === 'float32') traceFloats?.set(value.name, emptyReals(value, batch))
      else trace?.set(value.name, emptyCodes(value, batch))
    }
    for (let first = 0; first < batch; first += this.#capacity) {
      const count = Math.min(this.#capacity, batch - first)
      const keptOf = ({ shape }: Stored, buffer: number): BufferArray =>
        buffers[buffer].subarray(0, count * sizeOf(shape))
      const keep = (value: Stored, buffer: number): void => {
        if (value.storage === 'float32') {
          traceFloats?.get(value.name)?.data.set(keptOf(value, buffer), first * sizeOf(value.shape))
          return
        }
        const copy = trace?.get(value.name)
        if (copy !== undefined) this.#copyCodes(keptOf(value, buffer), value, first, copy)
      }
      ends.fill(first, keptOf(this.#input, this.#inputBuffer))
      keep(this.#input, this.#inputBuffer)
      for (const { step, inputs, output, value } of this.#steps) {
        const arrays = inputs.map((buffer) => buffers[buffer])
        step?.run({ kernels, inputs: arrays, batch: count, scratch, out: buffers[output] })
        keep(value, output)
      }
      ends.take(first, keptOf(this.#output, this.#outputBuffer))
    }
  }

  /** Real numbers to what is kept of the input. */
  #quantise(x: Float32Array, kept: BufferArray): void {
    const input = this.#input
    const { rounding } = this.program.header.input
    if (input.storage === 'float32') {
      const real = kept as Float32Array
      real.set(x)
      roundFloat(real, input.format)
    } else this.#workspace.kernels.quantiseCodes(x, input, rounding, kept as CodeArray)
  }

  /** What is kept of a value to real numbers. */
  #dequantise(kept: BufferArray, value: Stored, out: Float32Array): void {
    if (value.storage === 'float32') out.set(kept)
    else this.#workspace.kernels.dequantiseCodes(kept as CodeArray, value, out)
  }

  /** Copies kept codes of a value, as they are outside, to the images of `to` from `first` on. */
  #copyCodes(kept: BufferArray, { shape, offset }: StoredValue, first: number, { data }: CodeTensor): void {
    const start = first * sizeOf(shape)
    const to = data.subarray(start, start + kept.length)
    if (kept instanceof Int8Array) this.#workspace.kernels.widenCodes(kept, offset, to)
    else for (let i = 0; i < kept.length; i++) to[i] = kept[i] + offset
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
    const wanted = Math.min(batch, this.#imagesPerPass)
    if (wanted <= this.#capacity) return
    this.#capacity = wanted
    this.#workspace = this.#createWorkspace()
  }

  #createWorkspace(): Workspace {
    const steps = this.#steps.flatMap(({ step }) => step ?? [])
    const specs = this.#buffers.map(({ size, storage }) => ({ size: size * this.#capacity, storage }))
    return createWorkspace(steps, specs, this.#options)
  }
}

function emptyReals({ shape }: Stored, batch: number): FloatArray {
  return { shape: [batch, ...shape], data: new Float32Array(batch * sizeOf(shape)) }
}

function emptyCodes({ shape }: Stored, batch: number): CodeTensor {
  return { shape: [batch, ...shape], data: new Int32Array(batch * sizeOf(shape)) }
}

/** The first code that is not in low ... high. */
function findOutside(codes: Int32Array, low: number, high: number): number | undefined {
  // One sign bit for all: negative as soon as one difference is, or overflows.
  let differences = 0
  for (let i = 0; i < codes.length; i++) differences |= (codes[i] - low) | (high - codes[i])
  return differences < 0 ? codes.find((q) => q < low || q > high) : undefined
}
