/**
 * The container of an integer program: a safetensors file whose tensors are the constants and whose metadata hold the header
 * as JSON, so that any safetensors reader can look at it.
 */

import { FormatError } from '../../engine/base/errors.ts'
import { findDuplicateKey } from '../../engine/base/jsonKeys.ts'
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../engine/base/safetensors.ts'
import { defaultLimits, type ProgramLimits } from './check/limits.ts'
import { checkProgram } from './checkProgram.ts'
import type { ConstantArray, IntegerProgram } from './program.ts'

/** The value of the metadata key `format`. */
export const PROGRAM_FORMAT = 'quant-trim program 1'

/** The bytes of a program file; equal programs give equal bytes. Example: its metadata hold format 'quant-trim program 1'. */
export function encodeProgram({ header, constants }: IntegerProgram): Uint8Array {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, data] of constants) {
    tensors.set(name, { dtype: dtypeOf(data), shape: [data.length], data })
  }
  return encodeSafetensors(tensors, { format: PROGRAM_FORMAT, program: JSON.stringify(header) })
}

/** The element type that a constant is stored as. Example: an Int8Array: 'int8'. */
export function dtypeOf(data: ConstantArray): StoredTensor['dtype'] {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  return data instanceof Int8Array ? 'int8' : 'uint8'
}

/** Whether bytes begin like a program file: a header of less than 4 GB, in JSON. Example: an ONNX file does not. */
export function isProgramFile(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes.subarray(4, 8).every((byte) => byte === 0) && bytes[8] === 0x7b
}

/**
 * Reads a program file from anyone: whatever the bytes, the answer is a program that can be run within `limits`, or an error. Throws
 * `FormatError` for bytes that are no safetensors file or not one of a program, and what `checkProgram` throws.
 * Example: decodeProgram(encodeProgram(program)) has the same header and the same constants.
 */
export function decodeProgram(bytes: Uint8Array, limits: Partial<ProgramLimits> = {}): IntegerProgram {
  const { bytes: most, headerBytes } = { ...defaultLimits, ...limits }
  if (bytes.length > most) {
    throw new FormatError(`program file: it has ${bytes.length} bytes, the limit is ${most}; see ProgramLimits`)
  }
  const { tensors, metadata } = decodeSafetensors(bytes, headerBytes)
  if (metadata.format !== PROGRAM_FORMAT) {
    const found = metadata.format === undefined ? 'not there' : JSON.stringify(metadata.format.slice(0, 60))
    throw new FormatError(`program file: its format is ${found}, wanted '${PROGRAM_FORMAT}'`)
  }
  const text = metadata.program ?? ''
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(`program file: its program is not JSON: ${(cause as Error).message}`, { cause })
  }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== null) throw new FormatError(`program file: its program has '${duplicate}' twice in one object`)
  const constants = new Map<string, ConstantArray>()
  for (const [name, { data }] of tensors) {
    if (data instanceof Int16Array || data instanceof Uint16Array) {
      const wanted = 'wanted int8, uint8, int32 or float32'
      throw new FormatError(`program file: constant '${name.slice(0, 60)}' holds ${data.constructor.name}, ${wanted}`)
    }
    constants.set(name, data)
  }
  return checkProgram(header, constants, limits)
}
