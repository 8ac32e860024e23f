import { backendNames, findBackend } from '../../quant/backends/index.ts'
import { activationWidths, type Backend } from '../../quant/integer/backend.ts'
import { describeOptions, type OptionSpecs, parseOptions } from '../options.ts'
import { table } from '../terminal.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = { json: { type: 'boolean', description: 'print JSON on stdout' } }

/** `quant-trim backends`: what there is to compile for, and what each of them is. */
export const backendsCommand: Command = {
  name: 'backends',
  summary: 'list the back ends, or show one with its sources and assumed parameters',
  help: () => `Usage: quant-trim backends [NAME] [OPTIONS]

Without NAME: a line for each back end. With NAME: all of its parameters, its sources, and which of them are assumed.

Options:
${describeOptions(specs)}`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    if (positionals.length === 0) {
      const all = backendNames.map(findBackend)
      console.log(values.json ? JSON.stringify(all) : list(all))
    } else {
      const backend = findBackend(positionals[0])
      console.log(values.json ? JSON.stringify(backend) : describe(backend))
    }
    return 0
  },
}

function list(backends: readonly Backend[]): string {
  return table(
    ['back end', 'kind', 'weights', 'activations', 'what it is'],
    backends.map((backend) => [
      backend.name,
      backend.kind,
      backend.weightBits.map((bits) => `W${bits}`).join(' '),
      activations(backend),
      backend.title,
    ]),
  )
}

/** The widths of activations, or their format. Example: 'A8 A4', 'bf16'. */
function activations(backend: Backend): string {
  const widths = activationWidths(backend)
  return widths.length === 0 ? `${backend.floating?.format}` : widths.map((bits) => `A${bits}`).join(' ')
}

/** Every field of the value: data is all that a back end is. */
function describe(backend: Backend): string {
  const { name, title, kind, models, sources, assumptions, ...parameters } = backend
  return [
    `${name} (${kind}): ${title}`,
    `models: ${models}`,
    '',
    ...fieldLines(parameters),
    '',
    'assumed:',
    ...(assumptions.length === 0 ? ['  nothing'] : assumptions.map((a) => `  ${a.parameter}: ${a.sentence}`)),
    '',
    'sources:',
    ...sources.map((source) => `  ${source}`),
  ].join('\n')
}

/** `path: value` for every leaf of an object. */
function fieldLines(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, field]) => {
    const isList = Array.isArray(field) && !field.some((entry) => typeof entry === 'object')
    if (isList) return [`${prefix}${key}: ${field.length === 0 ? 'none' : field.join(', ')}`]
    if (typeof field === 'object' && field !== null) return fieldLines(field, `${prefix}${key}.`)
    return [`${prefix}${key}: ${field}`]
  })
}
