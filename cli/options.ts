import { parseArgs } from 'node:util'
import { UsageError } from '../engine/base/errors.ts'

/** One option of a command: how it is read, checked and described. */
export interface OptionSpec {
  readonly type: 'string' | 'number' | 'integer' | 'boolean'
  readonly description: string
  /** What stands for the value in the help, for example DIR. */
  readonly value?: string
  readonly default?: string | number | boolean
  /** What the help shows as default where another option decides it, so that `default` cannot say it. */
  readonly usual?: string | number | boolean
  readonly choices?: readonly string[]
  /** Inclusive bounds of a number. */
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: boolean
  /** A string that --no-NAME switches off: its value is then false. Booleans always are. */
  readonly negatable?: boolean
}

/** Options by name, without the leading dashes. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** The value of an option; undefined where it was not given and has no default. */
export type OptionValue = string | number | boolean | undefined

/** What a command line said. */
export interface ParsedOptions {
  readonly values: Readonly<Record<string, OptionValue>>
  /** The names of the options that stood on the command line. */
  readonly given: ReadonlySet<string>
  readonly positionals: readonly string[]
}

/**
 * Reads a command line by its specification. A boolean, and what is `negatable`, is switched off with --no-NAME.
 * Throws `UsageError` for unknown options, missing or malformed values, and more positionals than `positionalCount`.
 */
export function parseOptions(specs: OptionSpecs, args: readonly string[], positionalCount = 0): ParsedOptions {
  const config: Record<string, { type: 'string' | 'boolean'; short?: string }> = {}
  for (const [name, spec] of Object.entries(specs)) {
    config[name] = { type: spec.type === 'boolean' ? 'boolean' : 'string' }
    // Without an option of this name parseArgs refuses --no-NAME for a string; with it, NAME is false.
    if (spec.negatable) config[`no-${name}`] = { type: 'boolean' }
  }
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    throw new UsageError(explainParseError(error as NodeJS.ErrnoException))
  }
  if (parsed.positionals.length > positionalCount) {
    throw new UsageError(`'${parsed.positionals[positionalCount]}' was not expected here; --help shows the usage`)
  }
  const values: Record<string, OptionValue> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const text = parsed.values[name]
    if (text === undefined && spec.required) throw new UsageError(`--${name} is missing: ${spec.description}`)
    values[name] = text === undefined ? spec.default : convert(name, spec, text)
  }
  return { values, given: new Set(Object.keys(parsed.values)), positionals: parsed.positionals }
}

/** Node's messages, shortened to what concerns the caller. */
function explainParseError({ code, message }: NodeJS.ErrnoException): string {
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? ''
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `there is no option ${option}; --help lists the options`
  if (/ambiguous/.test(message)) return `${option}: a value that begins with a dash is written ${option}=-VALUE`
  return `${message}; --help lists the options`
}

/** The typed value of one option. */
function convert(name: string, spec: OptionSpec, text: string | boolean): OptionValue {
  if (typeof text === 'boolean') return text
  if (spec.type === 'string') {
    if (spec.choices && !spec.choices.includes(text)) {
      throw new UsageError(`--${name} ${text}: wanted one of ${spec.choices.join(', ')}`)
    }
    return text
  }
  const number = Number(text)
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = spec
  const whole = spec.type === 'integer'
  const fits = text.trim() !== '' && (whole ? Number.isSafeInteger(number) : Number.isFinite(number))
  if (!fits || number < minimum || number > maximum) {
    const kind = whole ? 'an integer' : 'a number'
    const low = Number.isFinite(minimum) ? ` from ${minimum}` : ''
    const high = Number.isFinite(maximum) ? ` to ${maximum}` : ''
    throw new UsageError(`--${name} ${text}: wanted ${kind}${low}${high}`)
  }
  return number
}

/** The option lines of a help text, defaults included. */
export function describeOptions(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, spec]) => {
    const negatable = spec.negatable === true || (spec.type === 'boolean' && spec.default === true)
    const value = spec.type === 'boolean' ? '' : ` ${spec.value ?? (spec.type === 'string' ? 'NAME' : 'N')}`
    const choices = spec.choices ? ` (${spec.choices.join(', ')})` : ''
    const shown = spec.default === false ? undefined : (spec.default ?? spec.usual)
    const standard = shown === undefined ? '' : ` [${shown}]`
    return [`  --${negatable ? '[no-]' : ''}${name}${value}`, `${spec.description}${choices}${standard}`]
  })
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => left.padEnd(width) + right).join('\n')
}

/** A value that the specification guarantees to be a string. */
export function textOf(values: ParsedOptions['values'], name: string): string {
  return values[name] as string
}

/** A value that the specification guarantees to be a number. */
export function numberOf(values: ParsedOptions['values'], name: string): number {
  return values[name] as number
}
