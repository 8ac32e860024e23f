/** What a golden set consists of: its files, and the manifest that lists them. */

import { FormatError } from '../../engine/base/errors.ts'
import { findDuplicateKey } from '../../engine/base/jsonKeys.ts'
import type { Backend } from '../../quant/integer/backend.ts'

/** The manifest's name. */
export const MANIFEST = 'manifest.json'
/** The value of its key `format`. */
export const GOLDEN_FORMAT = 'quant-trim golden 1'
/** The model in ONNX's QDQ form. */
export const MODEL = 'model.onnx'
/** The integer program, which is what the set was made with. */
export const PROGRAM = 'program.safetensors'
/** The one data set: a batch of images. */
export const DATA_SET = 'test_data_set_0'
/** Real images, float32. */
export const INPUT = `${DATA_SET}/input_0.pb`
/** Real outputs, float32. */
export const OUTPUT = `${DATA_SET}/output_0.pb`
/** Codes of every value of the program. */
export const INTERMEDIATES = `${DATA_SET}/intermediates`

/** A value of the program and where its codes are. */
export interface ManifestValue {
  readonly name: string
  readonly file: string
}

/** What of a back end decides on bits. */
export type BackendConstants = Omit<Backend, 'title' | 'models' | 'sources' | 'assumptions'>

/** What is known of a golden set. */
export interface GoldenManifest {
  readonly format: typeof GOLDEN_FORMAT
  readonly producer: { readonly name: string; readonly version: string }
  readonly model: string
  /** The back end with all its constants, without its prose. */
  readonly backend: BackendConstants
  /** How the set was made, for a person: options and seeds. */
  readonly origin: Readonly<Record<string, string | number | null>>
  readonly images: number
  /** In the order of the program, the input's codes first. */
  readonly values: readonly ManifestValue[]
  /** Every other file, by path. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

/** SHA-256 in lower-case hex, by the platform's own crypto. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  // By hand: `./models` loads in a page and in a worker without a bundler, where a package's bare name means nothing.
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * A file name of letters, digits, '.', '-' and '_' for value `index`: unique by the number, whatever the name, and safe on file systems
 * that ignore case. Example: 3, 'block/1:relu' -> '003_block_1_relu'.
 */
export function fileNameOf(index: number, name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 80)
  return `${String(index).padStart(3, '0')}_${safe}`
}

/** The manifest as bytes; equal manifests give equal bytes. */
export function encodeManifest(manifest: GoldenManifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a manifest. Throws `FormatError` for bytes that are not one. */
export function decodeManifest(bytes: Uint8Array): GoldenManifest {
  const wrong = (reason: string): FormatError =>
    new FormatError(`golden set: ${MANIFEST} ${reason}; wanted one that quant-trim golden create wrote`)
  let value: unknown
  const text = new TextDecoder().decode(bytes)
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(`golden set: ${MANIFEST} is not JSON: ${(cause as Error).message}`, { cause })
  }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== null) throw wrong(`has '${duplicate}' twice in one object`)
  if (!isRecord(value)) throw wrong('is no object')
  if (value.format !== GOLDEN_FORMAT) throw wrong(`has format ${JSON.stringify(value.format ?? null)}`)
  const { producer, model, backend, images, values, files, origin } = value
  if (!isRecord(producer) || typeof producer.version !== 'string') throw wrong('lacks producer.version')
  if (typeof model !== 'string') throw wrong('lacks model')
  if (!isRecord(backend) || typeof backend.name !== 'string') throw wrong('lacks backend.name')
  if (!isRecord(origin)) throw wrong('lacks origin')
  if (!Number.isSafeInteger(images) || (images as number) < 0) throw wrong('lacks images, a count')
  const isValue = (entry: unknown): boolean =>
    isRecord(entry) && typeof entry.name === 'string' && typeof entry.file === 'string'
  if (!Array.isArray(values) || !values.every(isValue)) throw wrong('lacks values, a list of {name, file}')
  const isFile = (entry: unknown): boolean =>
    isRecord(entry) && Number.isSafeInteger(entry.bytes) && /^[0-9a-f]{64}$/.test(String(entry.sha256))
  if (!isRecord(files) || !Object.values(files).every(isFile)) throw wrong('lacks files, {bytes, sha256} by path')
  return value as unknown as GoldenManifest
}
