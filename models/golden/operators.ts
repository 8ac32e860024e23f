import type { Backend } from '../../quant/integer/backend.ts'
import { createGolden, type Files } from './create.ts'
import { MANIFEST, PROGRAM, sha256 } from './manifest.ts'
import { operatorSets } from './operatorSets.ts'

/** The value of the key `format` in the manifest of a collection. */
export const COLLECTION_FORMAT = 'quant-trim golden operators 1'

/** The runtimes whose operator sets are kept beside the tests; their variants (ort-wasm, ort-x86-saturating) are made on demand. */
export const operatorBackends: readonly string[] = [
  'onnx-spec',
  'ort-x86',
  'tflite-ref',
  'tflm',
  'tosa-double',
  'tosa-single',
  'xnnpack-x86',
]

/**
 * Golden sets of single operators, dense in ties, one in BACKEND/OPERATOR/ each, and a manifest with the SHA-256 of every set's own
 * manifest: equal manifests mean equal sets. Example: 'onnx-spec/add/program.safetensors' is a file of it.
 */
export async function createOperatorSets(backends: readonly Backend[], version: string): Promise<Files> {
  const files = new Map<string, Uint8Array>()
  const sets: Record<string, string> = {}
  for (const backend of backends) {
    for (const { name, program, images } of operatorSets(backend)) {
      const folder = `${backend.name}/${name}`
      const set = await createGolden({ program, backend, images, version, origin: { operator: name } })
      for (const [path, bytes] of set) files.set(`${folder}/${path}`, bytes)
      sets[folder] = await sha256(set.get(MANIFEST) as Uint8Array)
    }
  }
  const manifest = { format: COLLECTION_FORMAT, producer: { name: 'quant-trim', version }, sets }
  return new Map([[MANIFEST, new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)], ...files])
}

/** The folders of the golden sets among files: [''] for one set alone, 'onnx-spec/add/' and the like for a collection. */
export function setFolders(files: Files): string[] {
  const found = [...files.keys()].filter((path) => path === PROGRAM || path.endsWith(`/${PROGRAM}`))
  return found.map((path) => path.slice(0, -PROGRAM.length))
}

/** The files below a folder, by path from there. Example: 'a/' of { 'a/b', 'c' }: { 'b' }. */
export function filesBelow(files: Files, folder: string): Files {
  return new Map(
    Array.from(files)
      .filter(([path]) => path.startsWith(folder))
      .map(([path, bytes]) => [path.slice(folder.length), bytes]),
  )
}
