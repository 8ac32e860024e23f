/**
 * The container of an integer program: a safetensors file whose tensors are the constants and whose metadata hold the header
 * as JSON, so that any safetensors reader can look at it.
 */

import { FormatError } from '../../engine/base/errors.ts'
import { findDuplicateKey } from '../../engine/base/jsonKeys.ts'
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../engine/base/safetensors.ts'
import type { IntegerProgram, ProgramConstants, ProgramHeader } from './program.ts'

/** The value of the metadata key `format`. */
export const PROGRAM_FORMAT = 'quant-trim program 1'

/** The bytes of a program file; equal programs give equal bytes. Example: its metadata hold format 'quant-trim program 1'. */
export function encodeProgram({ header, constants }: IntegerProgram): Uint8Array {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, data] of constants) {
    const dtype = data instanceof Int32Array ? 'int32' : data instanceof Int8Array ? 'int8' : 'uint8'
    tensors.set(name, { dtype, shape: [data.length], data })
  }
  return encodeSafetensors(tensors, { format: PROGRAM_FORMAT, program: JSON.stringify(header) })
}

/**
 * Reads a program file. Throws `FormatError` for bytes that are no safetensors file, or not one of a program.
 * Example: decodeProgram(encodeProgram(program)) has the same header and the same constants.
 */
export function decodeProgram(bytes: Uint8Array): IntegerProgram {
  const { tensors, metadata } = decodeSafetensors(bytes)
  if (metadata.format !== PROGRAM_FORMAT) {
    throw new FormatError(
      `program file: its format is ${JSON.stringify(metadata.format ?? null)}, wanted '${PROGRAM_FORMAT}'`,
    )
  }
  const text = metadata.program ?? ''
  let header: ProgramHeader
  try {
    header = JSON.parse(text) as ProgramHeader
  } catch (cause) {
    throw new FormatError(`program file: its program is not JSON: ${(cause as Error).message}`, { cause })
  }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== null) throw new FormatError(`program file: its program has '${duplicate}' twice in one object`)
  const constants = new Map<string, Int8Array | Uint8Array | Int32Array>()
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Int8Array || data instanceof Uint8Array || data instanceof Int32Array)) {
      throw new FormatError(
        `program file: constant '${name}' holds ${data.constructor.name}, wanted int8, uint8 or int32`,
      )
    }
    constants.set(name, data)
  }
  return { header, constants: constants satisfies ProgramConstants }
}
