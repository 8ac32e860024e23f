import { FormatError } from '../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../engine/base/shape.ts'
import { unpackInt4 } from './int4.ts'
import type { BiasConstant, ProgramConstants, TableStep, WeightConstant } from './program.ts'

function missing(name: string, wanted: string, found: object | undefined): FormatError {
  const got = found === undefined ? 'nothing' : `${found.constructor.name} of ${(found as Uint8Array).length}`
  return new FormatError(`program: constant '${name}': wanted ${wanted}, found ${got}; the program is damaged`)
}

/** int16 codes as bytes, low byte first, whatever the machine. Example: [258] -> [2, 1]. */
export function packInt16(codes: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(2 * codes.length)
  for (let i = 0; i < codes.length; i++) {
    bytes[2 * i] = codes[i]
    bytes[2 * i + 1] = codes[i] >> 8
  }
  return bytes
}

/** The codes of a weight constant of at most 8 bits, int4 unpacked. Throws `FormatError` when the array is absent or of the wrong size. */
export function weightCodes(weight: WeightConstant, constants: ProgramConstants): Int8Array {
  const codes = anyWeightCodes(weight, constants)
  if (codes instanceof Int8Array) return codes
  throw missing(weight.constant, 'codes of at most 8 bits', codes)
}

/** The same of any width, int16 unpacked too. */
export function anyWeightCodes(weight: WeightConstant, constants: ProgramConstants): Int8Array | Int16Array {
  const data = constants.get(weight.constant)
  const size = sizeOf(weight.shape)
  const shape = formatShape(weight.shape)
  if (weight.bits === 4) {
    const bytes = Math.ceil(size / 2)
    if (!(data instanceof Uint8Array) || data.length !== bytes) {
      throw missing(weight.constant, `a Uint8Array of ${bytes} (${shape}, two codes a byte)`, data)
    }
    return unpackInt4(data, size)
  }
  if (weight.bits === 16) {
    if (!(data instanceof Uint8Array) || data.length !== 2 * size) {
      throw missing(weight.constant, `a Uint8Array of ${2 * size} (${shape}, two bytes a code)`, data)
    }
    return Int16Array.from({ length: size }, (_, i) => data[2 * i] | (data[2 * i + 1] << 8))
  }
  if (!(data instanceof Int8Array) || data.length !== size) {
    throw missing(weight.constant, `an Int8Array of ${size} (${shape})`, data)
  }
  return data
}

/** The codes of a weight constant less their zero point: what products take. Example: codes [-3, 5], zero point -3: [0, 8]. */
export function centredWeights(weight: WeightConstant, constants: ProgramConstants): Int8Array | Int16Array {
  const { zeroPoint = 0 } = weight
  const codes = anyWeightCodes(weight, constants)
  return zeroPoint === 0 ? codes : Int16Array.from(codes, (code) => code - zeroPoint)
}

/** What the accumulators of `channels` outputs start at: code * 2^shift, or 0 without a bias. Throws `FormatError` as above. */
export function biasStarts(bias: BiasConstant | null, channels: number, constants: ProgramConstants): Int32Array {
  const starts = new Int32Array(channels)
  if (bias === null) return starts
  const data = constants.get(bias.constant)
  if (!(data instanceof Int32Array) || data.length !== channels) {
    throw missing(bias.constant, `an Int32Array of ${channels}`, data)
  }
  for (let c = 0; c < channels; c++) starts[c] = data[c] * 2 ** bias.shift
  return starts
}

/** The Float32Array of `size` numbers that a constant is. Throws `FormatError` as above. */
export function floatConstant(name: string, size: number, constants: ProgramConstants): Float32Array {
  const data = constants.get(name)
  if (!(data instanceof Float32Array) || data.length !== size) throw missing(name, `a Float32Array of ${size}`, data)
  return data
}

/** The 256 codes of a table. Throws `FormatError` as above. */
export function tableCodes({ constant }: TableStep, constants: ProgramConstants): Int8Array | Uint8Array {
  const data = constants.get(constant)
  if (!(data instanceof Int8Array || data instanceof Uint8Array) || data.length !== 256) {
    throw missing(constant, 'an Int8Array or Uint8Array of 256', data)
  }
  return data
}
