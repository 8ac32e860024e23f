import { FormatError } from '../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../engine/base/shape.ts'
import { unpackInt4 } from './int4.ts'
import type { BiasConstant, ProgramConstants, TableStep, WeightConstant } from './program.ts'

function missing(name: string, wanted: string, found: object | undefined): FormatError {
  const got = found === undefined ? 'nothing' : `${found.constructor.name} of ${(found as Uint8Array).length}`
  return new FormatError(`program: constant '${name}': wanted ${wanted}, found ${got}; the program is damaged`)
}

/** The codes of a weight constant, int4 unpacked. Throws `FormatError` when the array is absent or of the wrong size. */
export function weightCodes(weight: WeightConstant, constants: ProgramConstants): Int8Array {
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
  if (!(data instanceof Int8Array) || data.length !== size) {
    throw missing(weight.constant, `an Int8Array of ${size} (${shape})`, data)
  }
  return data
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

/** The 256 codes of a table. Throws `FormatError` as above. */
export function tableCodes({ constant }: TableStep, constants: ProgramConstants): Int8Array | Uint8Array {
  const data = constants.get(constant)
  if (!(data instanceof Int8Array || data instanceof Uint8Array) || data.length !== 256) {
    throw missing(constant, 'an Int8Array or Uint8Array of 256', data)
  }
  return data
}
