// Symbol.dispose, in the declarations too, for applications that compile for older targets.
/// <reference lib="esnext.disposable" preserve="true" />

import { FormatError, UsageError } from '../engine/base/errors.ts'
import type { Executor } from '../engine/simd/executor.ts'
import { defaultLimits, type ProgramLimits } from '../quant/integer/check/limits.ts'
import type { FloatOperators } from '../quant/integer/execute/floatOperators.ts'
import {
  type FloatValue,
  floatsByName,
  type IntegerProgram,
  type ProgramValue,
  valuesByName,
} from '../quant/integer/program.ts'
import { decodeProgram, isProgramFile } from '../quant/integer/programFile.ts'
import { type CodeTensor, type FloatArray, IntegerSession } from '../quant/integer/session.ts'
import { type ModelSource, readSource } from './source.ts'
import { checkTensor, codesAsTensor, realsAsTensor, type Tensor, type TensorType, typeOfCodes } from './tensor.ts'

/** What a session is made with. */
export interface ProgramSessionOptions {
  /**
   * Threads that compute. More than one need an `executor`; without it the session warns once and computes on this thread, with the
   * same results. Default: those of the executor, else 1.
   */
  readonly threads?: number
  /** Brings the threads, for example a pool of `quant-trim/workers`. */
  readonly executor?: Executor
  /** 'plain': no WebAssembly, the same results. Default 'simd', which falls back to 'plain' where there is no WebAssembly SIMD. */
  readonly kernels?: 'simd' | 'plain'
  /** Is called with every value after a run: the codes, or the real numbers where a back end leaves codes. Input and output included. */
  readonly trace?: (name: string, value: Tensor) => void
  /** What computes the steps that a back end leaves to real numbers, `engineFloatOperators` of quant-trim/quant. Most programs have none. */
  readonly floatOperators?: FloatOperators
  /** What a model may ask for; see `ProgramLimits`. */
  readonly limits?: Partial<ProgramLimits>
  /** Where warnings go. Default: the console. */
  readonly warn?: (message: string) => void
}

/** An input or output, as ONNX Runtime describes it, and how its codes are kept. */
export interface ValueMetadata {
  readonly name: string
  readonly isTensor: true
  readonly type: 'float32'
  /** The batch comes first, by its name. Example: ['batch', 1, 28, 28]. */
  readonly shape: readonly (number | string)[]
  /** The real number of code q is (q - zeroPoint) * scale; null where the program keeps real numbers. */
  readonly quantisation: { readonly type: TensorType; readonly scale: number; readonly zeroPoint: number } | null
}

/** Whether the warning about threads has been given: once is enough. */
let warned = false

function executorOf({ threads, executor, warn = console.warn }: ProgramSessionOptions): Executor | undefined {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new UsageError(`InferenceSession.create: threads is ${threads}; wanted an integer from 1 on`)
  }
  if (threads === 1) return undefined
  if (threads !== undefined && executor === undefined && !warned) {
    warned = true
    warn('quant-trim: threads need an executor (in Node: createPool of quant-trim/workers); computing on this thread')
  }
  return executor
}

function describe(value: ProgramValue | FloatValue): ValueMetadata {
  const { name, shape } = value
  const isReal = 'format' in value
  const quantisation = isReal ? null : { type: typeOfCodes(value), scale: value.scale, zeroPoint: value.zeroPoint }
  return { name, isTensor: true, type: 'float32', shape: ['batch', ...shape], quantisation }
}

/**
 * Runs integer programs, with the names and the order of arguments of ONNX Runtime's `InferenceSession`.
 * Example: const session = await InferenceSession.create('lenet.safetensors')
 * const { logits } = await session.run({ image: { type: 'float32', data, dims: [1, 1, 28, 28] } })
 */
export class InferenceSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly ValueMetadata[]
  readonly outputMetadata: readonly ValueMetadata[]
  readonly #trace: ProgramSessionOptions['trace']
  readonly #types: ReadonlyMap<string, TensorType>
  #session: IntegerSession | null

  /** From a program that is known to be sound; `create` checks. */
  protected constructor(program: IntegerProgram, options: ProgramSessionOptions) {
    const { header } = program
    const values = new Map<string, ProgramValue | FloatValue>([...valuesByName(header), ...floatsByName(header)])
    const metadata = (name: string): ValueMetadata => describe(values.get(name) as ProgramValue | FloatValue)
    this.inputMetadata = [metadata(header.input.value)]
    this.outputMetadata = [metadata(header.output)]
    this.inputNames = [header.input.value]
    this.outputNames = [header.output]
    this.#trace = options.trace
    this.#types = new Map(header.values.map((value) => [value.name, typeOfCodes(value)]))
    const executor = executorOf(options)
    const { kernels, floatOperators } = options
    this.#session = new IntegerSession(program, { kernels, floatOperators, executor })
  }

  /**
   * A session for a program file, from its bytes, a URL or in Node a path. Whatever the bytes, the answer is a session that stays
   * within `options.limits`, or an error: `FormatError` for a file that is damaged or too large, `NumericError` for one whose integers could
   * overflow, `UsageError` for options that make no sense.
   */
  static async create(source: ModelSource, options: ProgramSessionOptions = {}): Promise<InferenceSession> {
    const bytes = await readSource(source, options.limits?.bytes ?? defaultLimits.bytes)
    if (!isProgramFile(bytes)) {
      throw new FormatError(
        'InferenceSession.create: these bytes are no program file; ONNX files are read by the session of quant-trim/runtime',
      )
    }
    return new InferenceSession(decodeProgram(bytes, options.limits), options)
  }

  /**
   * Computes the output of one batch. A feed of type 'float32' is quantised, and real numbers come out; one of the type of the input's
   * codes (`inputMetadata[0].quantisation`) is taken as codes, and codes come out, with integers only in between. `fetches` names
   * the outputs that are wanted, all by default.
   *
   * Throws `ShapeError` for feeds of other names, types, shapes or codes, `UsageError` for outputs that there are not or
   * after `release`.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[] = this.outputNames,
  ): Promise<Record<string, Tensor>> {
    const session = this.#session
    if (session === null) throw new UsageError('InferenceSession.run: the session has been released')
    const [name] = this.inputNames
    const [output] = this.outputNames
    const unknown = fetches.find((fetch) => fetch !== output) ?? Object.keys(feeds).find((feed) => feed !== name)
    if (unknown !== undefined) {
      throw new UsageError(
        `InferenceSession.run: there is no '${unknown}'; the input is '${name}' and the output '${output}'`,
      )
    }
    const codeType = this.inputMetadata[0].quantisation?.type
    const feed = feeds[name]
    checkTensor(name, feed, codeType === undefined ? ['float32'] : ['float32', codeType])
    const trace = this.#trace && { trace: new Map<string, CodeTensor>(), traceFloats: new Map<string, FloatArray>() }
    const { dims, data } = feed
    let result: Tensor
    if (data instanceof Float32Array) {
      result = realsAsTensor(session.run({ shape: dims, data }, trace))
    } else {
      const codes = session.runCodes({ shape: dims, data: Int32Array.from(data) }, trace)
      result = codesAsTensor(codes, this.outputMetadata[0].quantisation?.type ?? 'float32')
    }
    for (const [value, codes] of trace?.trace ?? []) {
      this.#trace?.(value, codesAsTensor(codes, this.#types.get(value) as TensorType))
    }
    for (const [value, reals] of trace?.traceFloats ?? []) this.#trace?.(value, realsAsTensor(reals))
    return fetches.length === 0 ? {} : { [output]: result }
  }

  /** Gives the memory back: the session cannot run again. Example: after it, `run` throws. */
  async release(): Promise<void> {
    this[Symbol.dispose]()
  }

  /** The same, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.#session = null
  }
}
