/**
 * Reading what a data set is made of. The only part of `models/data` that needs Node, and only when a function is called,
 * so that everything else loads in a browser.
 */

import { FormatError, UsageError } from '../../engine/base/errors.ts'

/** No file of a data set may be larger than this, as it lies or decompressed: 512 MiB (MNIST has 47, CIFAR-100 154). */
export const FILE_LIMIT = 512 * 1024 * 1024

// Enough compressed bytes for any file's header; deflate makes at most 1032 bytes of one, so this stays below 4.3 MB.
const GZIP_HEAD_BYTES = 4096

/** The same bytes without Node's Buffer, whose `slice` shares where Uint8Array's copies. */
function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** Node's own modules. No import: bundlers for browsers need not know of them. Throws `UsageError` where there is no Node. */
function builtin(): typeof process.getBuiltinModule {
  const { getBuiltinModule } = globalThis.process ?? {}
  if (getBuiltinModule === undefined) {
    throw new UsageError(
      'loadDataset: only Node reads files; elsewhere fetch them, and give their bytes to parseIdxImages, parseIdxLabels or parseCifar',
    )
  }
  return getBuiltinModule
}

/** The names in a folder; none where there is no such folder. */
export async function listFolder(folder: string): Promise<string[]> {
  const { readdir } = builtin()('node:fs/promises')
  try {
    return await readdir(folder)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

/** A file in a folder as the system writes its path. */
export async function joinPath(folder: string, name: string): Promise<string> {
  const { join } = builtin()('node:path')
  return join(folder, name)
}

/** A whole file. Throws `FormatError`, before anything is allocated, where it is no plain file or above `FILE_LIMIT`. */
export async function readBounded(path: string): Promise<Uint8Array> {
  const { readFile, stat } = builtin()('node:fs/promises')
  const status = await stat(path)
  if (!status.isFile()) throw new FormatError(`reading ${path}: wanted a file, this is a folder or a device`)
  if (status.size > FILE_LIMIT) {
    throw new FormatError(
      `reading ${path}: it has ${status.size} bytes; files of a data set have at most ${FILE_LIMIT}`,
    )
  }
  return plainBytes(await readFile(path))
}

/**
 * Decompresses gzip, but never more than the content's own header promises: `promisedBytes` gets the first decompressed
 * bytes and returns the whole length. Throws `FormatError` for a promise above `FILE_LIMIT`, for content that is longer
 * than promised, and for what is no gzip or is cut short.
 */
export async function gunzipBounded(
  compressed: Uint8Array,
  promisedBytes: (head: Uint8Array) => number,
  path: string,
): Promise<Uint8Array> {
  const { constants, gunzip } = builtin()('node:zlib')
  const { promisify } = builtin()('node:util')
  const decompress = async (bytes: Uint8Array, options: { finishFlush?: number; maxOutputLength: number }) => {
    try {
      return plainBytes(await promisify(gunzip)(bytes, options))
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      if (code === 'ERR_BUFFER_TOO_LARGE') {
        throw new FormatError(
          `decompressing ${path}: more than the ${options.maxOutputLength} bytes that its header promises: it is damaged or hostile`,
        )
      }
      throw new FormatError(`decompressing ${path}: ${message}: it is no gzip file, cut short or damaged`)
    }
  }
  const head = await decompress(compressed.subarray(0, GZIP_HEAD_BYTES), {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: FILE_LIMIT,
  })
  const promised = promisedBytes(head)
  if (promised > FILE_LIMIT) {
    throw new FormatError(
      `decompressing ${path}: its header promises ${promised} bytes; files of a data set have at most ${FILE_LIMIT}`,
    )
  }
  return decompress(compressed, { maxOutputLength: promised })
}
