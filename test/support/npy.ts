import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FormatError } from '../../engine/base/errors.ts'
import { checkShape, sizeOf } from '../../engine/base/shape.ts'

interface NpyArrays {
  float32: Float32Array
  int32: Int32Array
  /** As doubles: exact up to 2^53, beyond which reading throws. */
  int64: Float64Array
  uint8: Uint8Array
  int8: Int8Array
  /** 0 or 1 each. */
  bool: Uint8Array
}

/** An element type that the reader knows. */
export type NpyDType = keyof NpyArrays

/** The content of a `.npy` file: row-major values with their shape; `dtype` says which array `data` is. */
export type NpyArray = {
  [D in NpyDType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: NpyArrays[D] }
}[NpyDType]

const dtypeByDescriptor: Readonly<Record<string, readonly [NpyDType, bytes: number]>> = {
  '<f4': ['float32', 4],
  '<i4': ['int32', 4],
  '<i8': ['int64', 8],
  '|u1': ['uint8', 1],
  '|i1': ['int8', 1],
  '|b1': ['bool', 1],
}

const MAGIC = '\x93NUMPY'

/**
 * Reads NumPy's `.npy` format, versions 1 and 2, little-endian and in C order (numpy/lib/format.py documents it): the
 * magic, a version, the length of a header that is a Python dictionary, the header, the elements. `name` is what
 * messages call the bytes. Throws `FormatError` for anything else.
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const latin1 = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))
  if (bytes.length < 10 || latin1(0, 6) !== MAGIC) throw new FormatError(`${name}: not a .npy file: no NUMPY magic`)
  const version = bytes[6]
  if (version !== 1 && version !== 2)
    throw new FormatError(`${name}: .npy version ${version}; versions 1 and 2 are read`)
  const headerStart = version === 1 ? 10 : 12
  if (bytes.length < headerStart) throw new FormatError(`${name}: ends within the .npy preamble`)
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = headerStart + headerLength
  if (start > bytes.length) {
    throw new FormatError(`${name}: the header takes ${headerLength} bytes, the file has ${bytes.length - headerStart}`)
  }
  const header = latin1(headerStart, start)
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1]
  const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1]
  if (descriptor === undefined || fortran === undefined || extents === undefined) {
    throw new FormatError(`${name}: the header lacks descr, fortran_order or shape: ${header.trim()}`)
  }
  const type = dtypeByDescriptor[descriptor]
  if (type === undefined) {
    const known = Object.keys(dtypeByDescriptor).join(', ')
    throw new FormatError(`${name}: element type '${descriptor}' is not read; wanted one of ${known}`)
  }
  if (fortran === 'True') throw new FormatError(`${name}: stored in Fortran order; save it with np.ascontiguousarray`)
  const shape = extents.split(',').flatMap((extent) => (extent.trim() === '' ? [] : [Number(extent)]))
  checkShape(shape, name)
  const [dtype, width] = type
  const size = sizeOf(shape)
  if (bytes.length - start !== size * width) {
    throw new FormatError(
      `${name}: shape (${extents}) needs ${size * width} bytes, the file has ${bytes.length - start}`,
    )
  }
  // A copy begins at an aligned address, which the elements in the file need not.
  const content = new Uint8Array(bytes.subarray(start)).buffer
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: new Float32Array(content) }
    case 'int32':
      return { dtype, shape, data: new Int32Array(content) }
    case 'int64':
      return { dtype, shape, data: exactDoubles(new BigInt64Array(content), name) }
    case 'int8':
      return { dtype, shape, data: new Int8Array(content) }
    case 'uint8':
    case 'bool':
      return { dtype, shape, data: new Uint8Array(content) }
  }
}

function exactDoubles(values: BigInt64Array, name: string): Float64Array {
  return Float64Array.from(values, (value) => {
    const double = Number(value)
    if (!Number.isSafeInteger(double)) throw new FormatError(`${name}: ${value} does not fit a double exactly`)
    return double
  })
}

/** Reads a `.npy` file; see `parseNpy`. */
export function readNpy(path: string): NpyArray {
  return parseNpy(readFileSync(path), path)
}

/** The nearest folder above the built tests that has a package.json. */
function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('no package.json in any folder above the tests')
    folder = parent
  }
  return folder
}

/**
 * The path of a file or folder in `../shared` beside the repository, or null, with a line that says so, where it is
 * missing: tests that need it are skipped then.
 * @example sharedPath('conformance/torch')
 */
export function sharedPath(relative: string): string | null {
  const path = join(repositoryRoot(), '..', 'shared', relative)
  if (existsSync(path)) return path
  console.log(`skipped: ${path} does not exist`)
  return null
}
