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

/** Runs quant-trim in `folder`; `interruptAt`: sends SIGINT as soon as stderr holds this text. */
export function runCommand(folder: string, args: string[], interruptAt?: string): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder })
    let stdout = ''
    let stderr = ''
    let interrupted = false
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
      if (interruptAt === undefined || interrupted || !stderr.includes(interruptAt)) return
      interrupted = true
      child.kill('SIGINT')
    })
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
