import { readdirSync, readFileSync } from 'node:fs'
import { packageVersion } from '../packageVersion.ts'
import { sha256 } from '../runFolder.ts'

/** Which code made a result: results of the same code are the same bits. */
export interface MadeBy {
  /** Of the package. */
  readonly version: string
  /** SHA-256, shortened, of the compiled modules that the result depends on. */
  readonly code: string
}

/** What training depends on, and what evaluation does: folders and modules of the build. */
const parts = {
  training: {
    folders: ['engine', 'models/data', 'models/zoo', 'quant/affine', 'quant/trim'],
    modules: ['cli/runImages.js', 'cli/trainRun.js', 'cli/trainingConfig.js', 'quant/passes/injectImbalance.js'],
  },
  evaluation: {
    folders: ['engine', 'models/data', 'quant'],
    modules: ['cli/evaluation/task.js', 'cli/runImages.js', 'cli/testImages.js'],
  },
} as const

/** The code of this build. SIMD kernels are modules too: their binaries are embedded. */
export function codeOf(part: keyof typeof parts): MadeBy {
  const build = new URL('../../', import.meta.url)
  const { folders, modules } = parts[part]
  const paths = folders.flatMap((folder) =>
    readdirSync(new URL(folder, build), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .sort(),
  )
  const all = [...paths, ...modules.map((module) => new URL(module, build))]
  return { version: packageVersion(), code: shortHash(all.map((path) => sha256(readFileSync(path)))) }
}

/** The first 16 hex digits of the SHA-256 of a value's JSON: enough to name what a few thousand runs are. */
export function shortHash(value: unknown): string {
  return sha256(new TextEncoder().encode(JSON.stringify(value))).slice(0, 16)
}
