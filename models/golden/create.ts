import { UsageError } from '../../engine/base/errors.ts'
import type { Backend } from '../../quant/integer/backend.ts'
import { type IntegerProgram, type ProgramValue, valuesByName } from '../../quant/integer/program.ts'
import { encodeProgram } from '../../quant/integer/programFile.ts'
import { type CodeTensor, type FloatArray, IntegerSession } from '../../quant/integer/session.ts'
import { encodeModel, encodeTensor } from '../onnx/codec/encode.ts'
import { exportQdq } from '../onnx/export/exportProgram.ts'
import type { OnnxTensor } from '../onnx/model.ts'
import {
  type BackendConstants,
  encodeManifest,
  fileNameOf,
  GOLDEN_FORMAT,
  type GoldenManifest,
  INPUT,
  INTERMEDIATES,
  MANIFEST,
  MODEL,
  OUTPUT,
  PROGRAM,
  sha256,
} from './manifest.ts'
import { encodeNpy } from './npy.ts'
import { operationsOf } from './operation.ts'

/** The files of a folder, by path with '/'. */
export type Files = ReadonlyMap<string, Uint8Array>

/** What a golden set is made of. */
export interface GoldenOptions {
  readonly program: IntegerProgram
  /** What the program was compiled for. */
  readonly backend: Backend
  /** The images, one batch [N, ...]. */
  readonly images: FloatArray
  /** The version of this package. */
  readonly version: string
  /** How it was made, for a person. Default: nothing. */
  readonly origin?: GoldenManifest['origin']
}

/** Codes as an .npy tensor of the narrowest type for the value's range. */
function codesTensor({ shape: dims, data }: CodeTensor, { qmin, qmax }: ProgramValue): OnnxTensor {
  if (qmin >= 0) {
    return qmax <= 255
      ? { type: 'uint8', dims, data: Uint8Array.from(data) }
      : { type: 'uint16', dims, data: Uint16Array.from(data) }
  }
  return qmin >= -128 && qmax <= 127
    ? { type: 'int8', dims, data: Int8Array.from(data) }
    : { type: 'int16', dims, data: Int16Array.from(data) }
}

function constantsOf(backend: Backend): BackendConstants {
  const { title: _title, models: _models, sources: _sources, assumptions: _assumptions, ...constants } = backend
  return constants
}

/**
 * A golden set: what a program computes on a batch of images, in ONNX's test layout.
 *
 *     manifest.json                               versions, back end, SHA-256 of every file
 *     model.onnx                                  QDQ form: float32 in, float32 out
 *     program.safetensors                         the integer program, every constant spelled out
 *     test_data_set_0/input_0.pb, output_0.pb     float32: the images, the dequantised results
 *     test_data_set_0/intermediates/NNN_NAME.npy  integers: the codes of every value, the input's first
 *
 * The same program and images give the same bytes. Throws `UsageError` for a program of another back end, `UnsupportedError` for one
 * that has no QDQ form or leaves the integers, and what a session throws for images of another shape.
 */
export async function createGolden({ program, backend, images, version, origin = {} }: GoldenOptions): Promise<Files> {
  const { header } = program
  if (header.backend !== backend.name) {
    throw new UsageError(`golden set: the program was compiled for ${header.backend}, not for ${backend.name}`)
  }
  // Refuses programs that are not of codes throughout.
  operationsOf(program)
  const trace = new Map<string, CodeTensor>()
  const output = new IntegerSession(program).run(images, { trace })
  const input = { type: 'float32', dims: images.shape, data: images.data } as const
  const result = { type: 'float32', dims: output.shape, data: output.data } as const
  const files = new Map<string, Uint8Array>([
    [MODEL, encodeModel(exportQdq(program))],
    [PROGRAM, encodeProgram(program)],
    [INPUT, encodeTensor(header.input.value, input)],
    [OUTPUT, encodeTensor(header.output, result)],
  ])
  const values = valuesByName(header)
  const entries = Array.from(trace, ([name, codes], index) => {
    const file = `${INTERMEDIATES}/${fileNameOf(index, name)}.npy`
    files.set(file, encodeNpy(codesTensor(codes, values.get(name) as ProgramValue)))
    return { name, file }
  })
  const hashes: Record<string, { bytes: number; sha256: string }> = {}
  for (const [path, bytes] of files) hashes[path] = { bytes: bytes.length, sha256: await sha256(bytes) }
  const manifest: GoldenManifest = {
    format: GOLDEN_FORMAT,
    producer: { name: 'quant-trim', version },
    model: header.name,
    backend: constantsOf(backend),
    origin,
    images: images.shape[0],
    values: entries,
    files: hashes,
  }
  return new Map([[MANIFEST, encodeManifest(manifest)], ...files])
}
