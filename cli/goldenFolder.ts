import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { UsageError } from '../engine/base/errors.ts'
import type { Files } from '../models/golden/create.ts'
import { MANIFEST } from '../models/golden/manifest.ts'
import { writeWhole } from './runFolder.ts'

const PENDING = '.pending'
const REPLACED = '.replaced'

/** The files of a folder and those below, by path with '/'; a single file is a folder of one. Throws `UsageError` where there is nothing. */
export function readFolder(folder: string): Files {
  if (!existsSync(folder))
    throw new UsageError(`${folder} does not exist; wanted a folder of a golden set or of results`)
  if (!statSync(folder).isDirectory()) return new Map([[basename(folder), readFileSync(folder)]])
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name))
  const known = paths.filter((path) => /\.(json|npy|onnx|pb|safetensors)$/.test(path)).sort()
  return new Map(known.map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path)]))
}

function isGoldenFolder(folder: string): boolean {
  const manifest = join(folder, MANIFEST)
  return existsSync(manifest) && /"format": *"quant-trim golden /.test(readFileSync(manifest, 'utf8'))
}

/** Throws `UsageError` where `folder` exists: with `force`, unless it is a golden set or empty. */
export function checkTarget(folder: string, force: boolean): void {
  if (!existsSync(folder)) return
  if (!force) throw new UsageError(`${folder} exists; choose another --out, or --force to replace a golden set`)
  const isEmpty = statSync(folder).isDirectory() && readdirSync(folder).length === 0
  if (!isEmpty && !isGoldenFolder(folder)) throw new UsageError(`${folder} is no golden set, so it is not replaced`)
}

/** Writes a folder that appears whole or not at all: beside its place, then renamed. What is there is replaced; see `checkTarget`. */
export function writeFolder(folder: string, files: Files): void {
  const place = folder.replace(/[/\\]+$/, '')
  const pending = `${place}${PENDING}`
  const replaced = `${place}${REPLACED}`
  rmSync(pending, { recursive: true, force: true })
  try {
    for (const [path, bytes] of files) {
      const file = join(pending, ...path.split('/'))
      mkdirSync(dirname(file), { recursive: true })
      writeWhole(file, bytes)
    }
    if (existsSync(place)) {
      rmSync(replaced, { recursive: true, force: true })
      renameSync(place, replaced)
    }
    renameSync(pending, place)
  } catch (error) {
    rmSync(pending, { recursive: true, force: true })
    throw error
  }
  rmSync(replaced, { recursive: true, force: true })
}
