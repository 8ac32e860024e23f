import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { bytesToHexString } from 'typed-array-utils'
import { FormatError, UsageError } from '../engine/base/errors.ts'

const PENDING = '.pending'

/** Writes a file so that a reader sees the old content or the new, never a part: beside it, flushed, then renamed. */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const pending = `${path}${PENDING}`
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  try {
    const file = openSync(pending, 'w')
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(pending, path)
  } catch (error) {
    rmSync(pending, { force: true })
    throw error
  }
}

/** SHA-256 of bytes, in lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return bytesToHexString(createHash('sha256').update(bytes).digest())
}

/** Makes the folder if it is missing, and removes what an interrupted write left in it. */
export function openRunFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (name.endsWith(PENDING)) rmSync(join(folder, name))
}

/** The bytes of a file of a run, or a `UsageError` that says which run lacks which file. */
export function readRunFile(folder: string, name: string): Uint8Array {
  try {
    return readFileSync(join(folder, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ENOTDIR')
      throw error
    throw new UsageError(
      `${folder} is not a finished run: it has no ${name}; make one with quant-trim train --out ${folder}`,
    )
  }
}

/** The JSON object in a file of a run. Throws `FormatError` when it is not one. */
export function readRunJson(folder: string, name: string): Record<string, unknown> {
  const text = new TextDecoder().decode(readRunFile(folder, name))
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Reported below, with the file's name.
  }
  throw new FormatError(`${join(folder, name)} is not a JSON object; the run has to be made again`)
}

/** Whether a run has a file. */
export function runFileExists(folder: string, name: string): boolean {
  return existsSync(join(folder, name))
}
