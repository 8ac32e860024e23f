import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** What a command left behind. */
export interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A new empty folder to run commands in, and what removes it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'quant-trim-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * A module that a process loads first: it sends itself SIGINT as soon as it has written this text to stderr. From outside the
 * signal could come late, to a command that has ended meanwhile.
 */
function interruptingAt(text: string): string {
  const code = `
    const { write } = process.stderr
    let interrupted = false
    process.stderr.write = function (chunk, ...rest) {
      const result = write.call(this, chunk, ...rest)
      if (!interrupted && String(chunk).includes(${JSON.stringify(text)})) {
        interrupted = true
        process.kill(process.pid, 'SIGINT')
      }
      return result
    }
  `
  return `data:text/javascript,${encodeURIComponent(code)}`
}

/** Runs quant-trim in `folder`; `interruptAt`: with SIGINT as soon as it has written this to stderr, in one piece. */
export function runCommand(folder: string, args: string[], interruptAt?: string): Promise<Result> {
  return new Promise((resolve) => {
    const flags = interruptAt === undefined ? [] : ['--import', interruptingAt(interruptAt)]
    const child = spawn(process.execPath, [...flags, main, ...args], { cwd: folder })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
