/** One operation of a program, alone: the input's quantisation or a step, run on codes that come from anywhere. */

import { UnsupportedError } from '../../engine/base/errors.ts'
import type { RoundingMode } from '../../engine/base/rounding.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import { quantise } from '../../quant/affine/quantise.ts'
import { prepareStep } from '../../quant/integer/execute/prepare.ts'
import { plainIntegerKernels } from '../../quant/integer/kernels/index.ts'
import {
  type IntegerProgram,
  type ProgramConstants,
  type ProgramValue,
  type Step,
  valuesByName,
} from '../../quant/integer/program.ts'
import { quantiserOf } from '../../quant/integer/session.ts'
import { storedValue } from '../../quant/integer/storage.ts'

/** The first operation of every program: real images become codes. */
export interface QuantiseInput {
  readonly op: 'quantiseInput'
  readonly name: string
  readonly inputs: readonly []
  readonly output: string
  readonly rounding: RoundingMode
}

/** Steps that leave the integers: their results are no codes to compare. */
const realOps = ['dequantise', 'dynamicQuantiser', 'float', 'quantise', 'realLayer'] as const

/** A step from codes to codes. */
export type CodeStep = Exclude<Step, { readonly op: (typeof realOps)[number] }>

function isCodeStep(step: Step): step is CodeStep {
  return !(realOps as readonly string[]).includes(step.op)
}

/** What a program does, one after the other. */
export type Operation = CodeStep | QuantiseInput

/** An operation with all that it reads. Codes are as they are outside of a session, batch first. */
export interface OperationCall<O extends Operation = Operation> {
  readonly operation: O
  readonly inputs: readonly ProgramValue[]
  readonly output: ProgramValue
  readonly codes: readonly Int32Array[]
  /** The real images; only 'quantiseInput' reads them. */
  readonly images: Float32Array
  readonly batch: number
  readonly constants: ProgramConstants
}

/**
 * The operations of a program in order, the input's quantisation first. Throws `UnsupportedError` for a program that computes in real
 * numbers in between, naming the steps.
 */
export function operationsOf({ header }: IntegerProgram): Operation[] {
  const { value, rounding } = header.input
  const real = header.steps.filter((step) => !isCodeStep(step)).map(({ name, op }) => `${op} '${name}'`)
  if (real.length > 0) {
    throw new UnsupportedError(
      `golden set: program ${header.name} leaves the integers in ${real.slice(0, 5).join(', ')}${real.length > 5 ? ', ...' : ''}; golden sets are of codes throughout`,
    )
  }
  const steps = header.steps.filter(isCodeStep)
  return [{ op: 'quantiseInput', name: value, inputs: [], output: value, rounding }, ...steps]
}

/** A call of `operation` on codes by value name. */
export function callOf(
  operation: Operation,
  program: IntegerProgram,
  codes: ReadonlyMap<string, Int32Array>,
  images: Float32Array,
  batch: number,
): OperationCall {
  const values = valuesByName(program.header)
  const valueNamed = (name: string): ProgramValue => values.get(name) as ProgramValue
  return {
    operation,
    inputs: operation.inputs.map(valueNamed),
    output: valueNamed(operation.output),
    codes: operation.inputs.map((name) => codes.get(name) as Int32Array),
    images,
    batch,
    constants: program.constants,
  }
}

/**
 * The codes that an operation gives, by the plain kernels. Throws `FormatError` for a step that contradicts itself.
 * Example: 'quantiseInput' of 0.75, s = 0.5, z = 3, ties to even: 5.
 */
export function compute({ operation, inputs, output, codes, images, batch, constants }: OperationCall): Int32Array {
  if (operation.op === 'quantiseInput') {
    return quantise(images, [images.length], quantiserOf(output), { rounding: operation.rounding })
  }
  const stored = inputs.map(storedValue)
  const target = storedValue(output)
  const step = prepareStep(operation, { inputs: stored, output: target, constants })
  if (step === null) return codes[0].slice()
  const kernels = plainIntegerKernels
  const kept = stored.map(({ offset }, i) => {
    const narrow = new Int8Array(codes[i].length)
    kernels.narrowCodes(codes[i], offset, narrow)
    return narrow
  })
  const out = new Int8Array(batch * sizeOf(output.shape))
  const scratch = { packed: new Int16Array(step.needs.packed), sums: new Int32Array(step.needs.sums) }
  step.run({ kernels, inputs: kept, batch, scratch, out })
  const wide = new Int32Array(out.length)
  kernels.widenCodes(out, target.offset, wide)
  return wide
}
