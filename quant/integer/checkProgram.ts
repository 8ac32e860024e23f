import { FormatError } from '../../engine/base/errors.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import { defaultLimits, type ProgramLimits } from './check/limits.ts'
import { checkRelations } from './check/relations.ts'
import { checkHeader } from './check/schema.ts'
import type { AnyValue } from './check/wanted.ts'
import { planBytes, planMemory } from './memoryPlan.ts'
import type { IntegerProgram, ProgramConstants, ProgramHeader } from './program.ts'
import { storedValue } from './storage.ts'

/**
 * Takes a header and constants from a stranger as a program, or throws. Every field is looked at, every name leads to something that is
 * there, shapes, windows, quantisers and constants fit one another, no int32 sum can overflow, and one image asks for no more
 * memory and work than `limits` allow: what passes can be run without reading outside its arrays.
 * Example: a header whose second step reads a value that the third makes is refused: "step 'b' reads 'c' before it is made".
 *
 * Throws `FormatError` for a program that is damaged or too large, `NumericError` for one whose integers could overflow.
 */
export function checkProgram(
  header: unknown,
  constants: ProgramConstants,
  limits: Partial<ProgramLimits> = {},
): IntegerProgram {
  const merged = { ...defaultLimits, ...limits }
  checkHeader(header, 'header')
  const program = { header: header as ProgramHeader, constants }
  checkSteps(program, merged)
  return program
}

/** Throws for a quantity beyond its limit. */
function within(quantity: number, limit: number, what: string): void {
  if (quantity > limit) throw new FormatError(`program: ${what} ${quantity}, the limit is ${limit}; see ProgramLimits`)
}

function checkSteps({ header, constants }: IntegerProgram, limits: ProgramLimits): void {
  const { steps } = header
  within(steps.length, limits.steps, 'the number of steps is')
  const values = new Map<string, AnyValue>()
  for (const value of [...header.values, ...(header.floats ?? [])]) {
    const { name, shape } = value
    if (values.has(name)) throw new FormatError(`program: there are two values '${name.slice(0, 60)}'`)
    within(sizeOf(shape), limits.elements, `the elements of value '${name.slice(0, 60)}' are`)
    values.set(name, value)
  }
  for (const value of header.values) {
    const { name, zeroPoint, qmin, qmax } = value
    if (!(qmin < qmax && qmin <= zeroPoint && zeroPoint <= qmax)) {
      const codes = `${qmin} ... ${qmax} and zero point ${zeroPoint}`
      throw new FormatError(`program: value '${name.slice(0, 60)}' has codes ${codes}; the program is damaged`)
    }
    storedValue(value)
  }
  const made = new Set<string>()
  const make = (name: string): void => {
    if (!values.has(name)) throw new FormatError(`program: there is no value '${name.slice(0, 60)}'`)
    if (made.has(name)) throw new FormatError(`program: value '${name.slice(0, 60)}' is made twice`)
    made.add(name)
  }
  make(header.input.value)
  let work = 0
  let scratch = 0
  for (const step of steps) {
    const inputs = step.inputs.map((name) => {
      if (made.has(name)) return values.get(name) as AnyValue
      const [at, what] = [step.name, name].map((text) => text.slice(0, 60))
      throw new FormatError(`program: step '${at}' reads '${what}' before it is made`)
    })
    make(step.output)
    const output = values.get(step.output) as AnyValue
    const cost = checkRelations(step, { inputs, output, constants, limits })
    work += cost.work
    scratch = Math.max(scratch, cost.scratch)
    within(work, limits.work, 'multiplications and the like for one image are at least')
  }
  if (!made.has(header.output)) {
    throw new FormatError(`program: nothing makes the output '${header.output.slice(0, 60)}'`)
  }
  if (made.size < values.size) throw new FormatError(`program: of ${values.size} values only ${made.size} are made`)
  let memory = scratch
  // Packed copies, and where pairs saturate up to five numbers for two weights, twice.
  const copies = steps.some((step) => 'pairSaturation' in step) ? 24 : 4
  for (const { byteLength } of constants.values()) memory += copies * byteLength
  within(memory + planBytes(planMemory(header)), limits.memory, 'bytes of constants, buffers and scratch are')
}
