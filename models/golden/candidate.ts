import { FormatError, UnsupportedError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { formatShape, sameShape, sizeOf } from '../../engine/base/shape.ts'
import { type ProgramValue, valuesByName } from '../../quant/integer/program.ts'
import { decodeTensor } from '../onnx/codec/decode.ts'
import type { OnnxTensor } from '../onnx/model.ts'
import type { Files } from './create.ts'
import { INPUT, OUTPUT } from './manifest.ts'
import { decodeNpy } from './npy.ts'
import type { Golden } from './read.ts'

/** How far from a code a real number may lie, in codes: far above f32's roundings, far below what a wrong result is off. */
const GRID_TOLERANCE = 2 ** -10
/** What stands for numbers that are no code at all: NaN, infinities, integers beyond int32. */
const NO_CODE = -(2 ** 31)

/** A tensor of a candidate, as codes. */
export interface CandidateTensor {
  readonly file: string
  readonly type: OnnxTensor['type']
  readonly dims: readonly number[]
  readonly codes: Int32Array
  /** How many real numbers lie between two codes (they are rounded to the nearest), or are no numbers. */
  readonly offGrid: number
  /** Whether signed codes stand for unsigned ones or the other way round: 128 was added or subtracted. */
  readonly isShifted: boolean
}

/** What a candidate gives. */
export interface Candidate {
  /** By value of the program. */
  readonly values: ReadonlyMap<string, CandidateTensor>
  /** The model's output, if it is given apart from its codes. */
  readonly output: CandidateTensor | null
}

/** The one of these paths (.npy or .pb, in its folder or alone) that a candidate has; null for none. */
function findFile(files: Files, path: string): string | null {
  const stem = path.replace(/\.(npy|pb)$/, '')
  const base = stem.slice(stem.lastIndexOf('/') + 1)
  const found = [`${stem}.npy`, `${stem}.pb`, `${base}.npy`, `${base}.pb`].filter((name) => files.has(name))
  if (found.length > 1) {
    throw new FormatError(`candidate: ${found.join(' and ')} are the same tensor; leave one of them`)
  }
  return found[0] ?? null
}

function readTensor(files: Files, file: string): OnnxTensor {
  const bytes = files.get(file) as Uint8Array
  try {
    return file.endsWith('.npy') ? decodeNpy(bytes, file) : decodeTensor(bytes).tensor
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`candidate: ${file}: ${error.message}`, { cause: error })
    if (error instanceof UnsupportedError) {
      throw new UnsupportedError(`candidate: ${file}: ${error.message}`, { cause: error })
    }
    throw error
  }
}

function integerCodes({ data }: OnnxTensor, shift: number): Int32Array {
  return Int32Array.from(data as ArrayLike<number | bigint>, (element) => {
    const code = Number(element) + shift
    return code > NO_CODE && code < 2 ** 31 ? code : NO_CODE
  })
}

/** Real numbers to the nearest codes; numbers that are codes already, to themselves. */
function floatCodes(data: ArrayLike<number>, { scale, zeroPoint, qmin, qmax }: ProgramValue) {
  let offGrid = 0
  let isOutside = false
  let areCodes = true
  const codes = Int32Array.from(data, (x) => {
    const steps = x / scale
    const code = roundHalfEven(steps)
    const isCode = Math.abs(code) < 2 ** 30
    if (!isCode || Math.abs(steps - code) > GRID_TOLERANCE) offGrid++
    if (code + zeroPoint < qmin || code + zeroPoint > qmax) isOutside = true
    if (!Number.isInteger(x) || x < qmin || x > qmax) areCodes = false
    return isCode ? code + zeroPoint : NO_CODE
  })
  return areCodes && (offGrid > 0 || isOutside) ? { codes: Int32Array.from(data), offGrid: 0 } : { codes, offGrid }
}

/** A tensor of the file as codes of `value`. */
function readCandidateTensor(files: Files, file: string, value: ProgramValue): CandidateTensor {
  const tensor = readTensor(files, file)
  const { type, dims, data } = tensor
  if (type === 'bool') throw new UnsupportedError(`candidate: ${file} holds bool; wanted integer codes or real numbers`)
  if (/float/.test(type)) {
    return { file, type, dims, isShifted: false, ...floatCodes(data as Float32Array, value) }
  }
  const shift = type === 'int8' && value.qmax > 127 ? 128 : type === 'uint8' && value.qmin < 0 ? -128 : 0
  return { file, type, dims, isShifted: shift !== 0, codes: integerCodes(tensor, shift), offGrid: 0 }
}

/** Images beside a candidate's results must be the golden ones: else nothing can be compared. */
function checkImages(files: Files, { images }: Golden): void {
  const file = findFile(files, INPUT)
  if (file === null) return
  const { type, dims, data } = readTensor(files, file)
  const isSame =
    type === 'float32' && sizeOf(dims) === images.data.length && images.data.every((x, i) => Object.is(x, data[i]))
  if (isSame && sameShape(dims, images.shape)) return
  throw new FormatError(
    `candidate: ${file} holds other images (${type}${formatShape(dims)}) than the golden set's ${INPUT} (float32${formatShape(images.shape)}); run the golden ones`,
  )
}

/**
 * Reads the files of a candidate: named as in the golden set, in its folders or all in one; .npy or .pb; codes (any integer type) or real
 * numbers. Throws `FormatError` for damaged files, for two files of one tensor, for other images, and where nothing is given.
 */
export function readCandidate(golden: Golden, files: Files): Candidate {
  const { program, manifest } = golden
  checkImages(files, golden)
  const byName = valuesByName(program.header)
  const values = new Map<string, CandidateTensor>()
  for (const { name, file } of manifest.values) {
    const found = findFile(files, file)
    const value = byName.get(name)
    if (found !== null && value !== undefined) values.set(name, readCandidateTensor(files, found, value))
  }
  const { output } = program.header
  const found = findFile(files, OUTPUT)
  let result: CandidateTensor | null = null
  if (found !== null) {
    const tensor = readCandidateTensor(files, found, byName.get(output) as ProgramValue)
    if (values.has(output)) result = tensor
    else values.set(output, tensor)
  }
  if (values.size === 0) {
    throw new FormatError(
      `candidate: no file has a name of the golden set, such as ${OUTPUT} or ${manifest.values[0]?.file}; files: ${[...files.keys()].slice(0, 5).join(', ') || 'none'}`,
    )
  }
  return { values, output: result }
}
