import { FormatError, UsageError } from '../engine/base/errors.ts'

/** Where a model comes from: its bytes, a URL, or in Node the path of a file. */
export type ModelSource = string | URL | ArrayBufferLike | Uint8Array

const ADDRESS = /^(https?|data|blob|file):/i

function tooLong(limit: number, found: string): FormatError {
  return new FormatError(
    `InferenceSession.create: the model has ${found} bytes, the limit is ${limit}; see ProgramLimits`,
  )
}

/**
 * The bytes of a model. Strings that begin with http:, https:, data:, blob: or file: are addresses; any other is a path in Node and an
 * address relative to the page in a browser. Nothing beyond `limit` bytes is kept. Throws `FormatError` for a longer model,
 * `UsageError` where nothing can be read. Example: readSource(new Uint8Array(3), 10) is that array.
 */
export async function readSource(source: ModelSource, limit: number): Promise<Uint8Array> {
  if (typeof source === 'string' || source instanceof URL) {
    const address = String(source)
    // No import: bundlers for browsers need not know of Node's modules.
    const files = globalThis.process?.getBuiltinModule?.('node:fs/promises')
    const isFile = ADDRESS.test(address) ? /^file:/i.test(address) : files !== undefined
    if (!isFile) return download(address, limit)
    if (files === undefined)
      throw new UsageError(`InferenceSession.create: '${address}' is a file; only Node reads files`)
    const path = /^file:/i.test(address) ? new URL(address) : address
    const { size } = await files.stat(path)
    if (size > limit) throw tooLong(limit, `${size}`)
    return files.readFile(path)
  }
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source)
  if (bytes.length > limit) throw tooLong(limit, `${bytes.length}`)
  return bytes
}

async function download(address: string, limit: number): Promise<Uint8Array> {
  const response = await fetch(address)
  const { ok, status, body } = response
  if (!ok || body === null)
    throw new UsageError(`InferenceSession.create: '${address}' answered ${status}; check the address`)
  const parts: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length
    if (length > limit) {
      await reader.cancel()
      throw tooLong(limit, `more than ${limit}`)
    }
    parts.push(part.value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
