import { FormatError } from '../../engine/base/errors.ts'
import { formatShape, sameShape } from '../../engine/base/shape.ts'
import { type IntegerProgram, type ProgramValue, valuesByName } from '../../quant/integer/program.ts'
import { decodeProgram } from '../../quant/integer/programFile.ts'
import type { FloatArray } from '../../quant/integer/session.ts'
import { decodeTensor } from '../onnx/codec/decode.ts'
import type { Files } from './create.ts'
import { decodeManifest, type GoldenManifest, INPUT, MANIFEST, OUTPUT, PROGRAM, sha256 } from './manifest.ts'
import { decodeNpy } from './npy.ts'
import { callOf, compute, operationsOf } from './operation.ts'

/** A golden set in memory. */
export interface Golden {
  readonly manifest: GoldenManifest
  readonly program: IntegerProgram
  readonly images: FloatArray
  /** The codes of every value of the program, [N, ...], in its order. */
  readonly codes: ReadonlyMap<string, Int32Array>
}

function bytesOf(files: Files, path: string): Uint8Array {
  const bytes = files.get(path)
  if (bytes === undefined) throw new FormatError(`golden set: there is no ${path}; the set is not complete`)
  return bytes
}

/** Compares every file with the manifest. */
async function verify(files: Files, { files: listed }: GoldenManifest): Promise<void> {
  for (const path of [PROGRAM, INPUT, OUTPUT]) {
    if (listed[path] === undefined) throw new FormatError(`golden set: ${MANIFEST} does not list ${path}`)
  }
  for (const [path, { bytes: length, sha256: wanted }] of Object.entries(listed)) {
    const bytes = bytesOf(files, path)
    const found = await sha256(bytes)
    if (bytes.length !== length || found !== wanted) {
      throw new FormatError(
        `golden set: ${path} has ${bytes.length} bytes and SHA-256 ${found}, ${MANIFEST} says ${length} and ${wanted}: the file was changed; make the set again`,
      )
    }
  }
}

/** The codes of a value as the set has them. */
function readCodes(files: Files, file: string, { name, shape, qmin, qmax }: ProgramValue, images: number): Int32Array {
  const { type, dims, data } = decodeNpy(bytesOf(files, file), file)
  const wanted = [images, ...shape]
  if (!sameShape(dims, wanted) || !/^u?int(8|16)$/.test(type)) {
    throw new FormatError(
      `golden set: ${file} holds ${type}${formatShape(dims)}; '${name}' has integer codes ${formatShape(wanted)}`,
    )
  }
  const codes = Int32Array.from(data as ArrayLike<number>)
  const outside = codes.find((q) => q < qmin || q > qmax)
  if (outside !== undefined)
    throw new FormatError(`golden set: ${file} holds code ${outside}; wanted ${qmin} ... ${qmax}`)
  return codes
}

/** What a program gives on the golden inputs must be what the set says: it is what candidates are diagnosed with. */
function reproduce({ program, images, codes, manifest }: Golden): void {
  for (const operation of operationsOf(program)) {
    const again = compute(callOf(operation, program, codes, images.data, images.shape[0]))
    const wanted = codes.get(operation.output) as Int32Array
    const at = again.findIndex((q, i) => q !== wanted[i])
    if (at === -1) continue
    throw new FormatError(
      `golden set: operator '${operation.name}' gives ${again[at]} for element ${at}, the set has ${wanted[at]}; it was made by version ${manifest.producer.version}: use that, or make the set again`,
    )
  }
}

/**
 * Reads a golden set, every file compared with its hash, and runs its program once more. Throws `FormatError` for a set that is incomplete
 * or changed, or that this version of the package does not reproduce.
 */
export async function readGolden(files: Files): Promise<Golden> {
  const manifest = decodeManifest(bytesOf(files, MANIFEST))
  await verify(files, manifest)
  const program = decodeProgram(bytesOf(files, PROGRAM))
  try {
    const golden = assemble(files, manifest, program)
    reproduce(golden)
    return golden
  } catch (error) {
    // A program is data from outside that nothing has checked against its type.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error
    throw new FormatError(`golden set: ${PROGRAM} is no program: ${error.message}`, { cause: error })
  }
}

function assemble(files: Files, manifest: GoldenManifest, program: IntegerProgram): Golden {
  const values = valuesByName(program.header)
  const { tensor } = decodeTensor(bytesOf(files, INPUT))
  const input = values.get(program.header.input.value)
  const wanted = [manifest.images, ...(input?.shape ?? [])]
  if (tensor.type !== 'float32' || !sameShape(tensor.dims, wanted)) {
    throw new FormatError(
      `golden set: ${INPUT} holds ${tensor.type}${formatShape(tensor.dims)}, wanted float32${formatShape(wanted)}`,
    )
  }
  const fileByName = new Map(manifest.values.map(({ name, file }) => [name, file]))
  const codes = new Map<string, Int32Array>()
  for (const { output, inputs, name } of operationsOf(program)) {
    const missing = inputs.find((value) => !codes.has(value))
    if (missing !== undefined) throw new FormatError(`golden set: step '${name}' reads '${missing}' before it is made`)
    const value = values.get(output)
    const file = fileByName.get(output)
    if (value === undefined || file === undefined) {
      throw new FormatError(`golden set: ${MANIFEST} names no file for value '${output}' of the program`)
    }
    codes.set(output, readCodes(files, file, value, manifest.images))
  }
  if (!codes.has(program.header.output)) {
    throw new FormatError(`golden set: nothing makes the output '${program.header.output}'`)
  }
  return { manifest, program, images: { shape: tensor.dims, data: tensor.data }, codes }
}
