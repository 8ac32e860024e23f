// What a fresh clone lacks: installed packages and a build. Shared by the scripts that need them.

import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, rmSync, statSync } from 'node:fs'
import { root } from './root.mjs'

/** Runs a command in the project's root with the terminal attached; ends this process if the command fails. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

/** Runs a package's command from node_modules. */
export function runLocal(command, args) {
  run(process.execPath, [`node_modules/${command}`, ...args])
}

/** Installs the locked packages if they are missing or older than the lock file. */
export function install() {
  // A link leads to another checkout's packages, which `npm ci` would empty.
  if (lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink()) return
  const installed = `${root}node_modules/.package-lock.json`
  const lock = `${root}package-lock.json`
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  run('npm', ['ci', '--no-audit', '--no-fund'])
}

/** Compiles everything into an empty dist/, so that nothing deleted lives on there. `options` go to tsc. */
export function build(...options) {
  rmSync(`${root}dist`, { recursive: true, force: true })
  run(process.execPath, ['scripts/buildSimd.mjs'])
  runLocal('typescript/bin/tsc', options)
}
