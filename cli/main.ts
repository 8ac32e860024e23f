#!/usr/bin/env node
import { FormatError, ShapeError, UnsupportedError, UsageError } from '../engine/base/errors.ts'
import { backendsCommand } from './commands/backends.ts'
import { benchCommand } from './commands/bench.ts'
import type { Command } from './commands/command.ts'
import { demoCommand } from './commands/demo.ts'
import { evalCommand } from './commands/eval.ts'
import { experimentCommand } from './commands/experiment.ts'
import { explainCommand } from './commands/explain.ts'
import { exportCommand } from './commands/export.ts'
import { goldenCommand } from './commands/golden.ts'
import { trainCommand } from './commands/train.ts'
import { packageVersion } from './packageVersion.ts'

const commands: readonly Command[] = [
  demoCommand,
  trainCommand,
  evalCommand,
  experimentCommand,
  exportCommand,
  goldenCommand,
  backendsCommand,
  explainCommand,
  benchCommand,
]

const overview = `quant-trim: one checkpoint that survives every vendor's compiler, and integer inference whose every bit can be audited

Usage: quant-trim COMMAND [OPTIONS]

${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

quant-trim COMMAND --help shows the options of a command; quant-trim --version prints the version.
Exit status: 0 done, 1 failed, 2 bad usage or an unusable file.`

/** Runs the command line `args` and returns its exit status: 0 done, 1 failed, 2 bad usage or an unusable file. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview)
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    console.log(packageVersion())
    return 0
  }
  try {
    const command = commands.find((candidate) => candidate.name === name)
    if (command === undefined) {
      throw new UsageError(`there is no command '${name}'; wanted one of ${commands.map((c) => c.name).join(', ')}`)
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      console.log(command.help())
      return 0
    }
    return await command.run(rest)
  } catch (error) {
    console.error(`quant-trim: ${describe(error)}`)
    return isCallersFault(error) ? 2 : 1
  }
}

/** One message for people; the stack only for what no class of ours explains. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const expected = isCallersFault(error) || error.name !== 'Error'
  return expected && !(error instanceof TypeError) ? error.message : (error.stack ?? error.message)
}

/** Bad usage and unusable files, the file system's refusals included. */
function isCallersFault(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && 'syscall' in error) return true
  return [UsageError, FormatError, ShapeError, UnsupportedError].some((kind) => error instanceof kind)
}

process.exitCode = await main(process.argv.slice(2))
