import { UsageError } from '../../engine/base/errors.ts'
import { methods } from '../../quant/trim/methods.ts'
import { type EvaluationSettings, evaluationFrom, evaluationOptions } from '../evaluation/options.ts'
import { methodOptionSpecs } from '../methodOptionSpecs.ts'
import { type OptionSpecs, parseOptions } from '../options.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import { configFrom, modelOptionNames, runOptions } from '../trainingOptions.ts'

/** One training of an experiment. */
export interface Cell {
  /** The names that the file gives model and method; reports and results use them. */
  readonly model: string
  readonly method: string
  readonly data: string
  readonly seed: number
  readonly config: TrainingConfig
  /** The training whose checkpoint it begins with; null without one. */
  readonly base: TrainingConfig | null
}

/** What an experiment file asks for. */
export interface ExperimentPlan {
  readonly name: string
  readonly title: string
  /** Data by data, model by model, method by method, seed by seed. */
  readonly cells: readonly Cell[]
  readonly evaluation: EvaluationSettings
}

type Entry = Readonly<Record<string, unknown>>

/** An entry of `models` or `methods`: its name, and options of training. */
interface Variant {
  readonly name: string
  readonly of: string
  readonly options: Entry
  /** Of a model: method and options of the training that its trainings begin with. */
  readonly from: { readonly method: string; readonly options: Entry } | null
}

const { model: _model, data: _data, method: _method, seed: _seed, from: _from, ...trainingSpecs } = runOptions
/** The options that `training` may have: those of `train`, as far as they do not name the run itself. */
const sharedSpecs: OptionSpecs = { ...trainingSpecs, ...methodOptionSpecs }
const { 'hold-out': _holdOut, ...ownSpecs } = sharedSpecs
/** The options that models and methods may have: all are measured on the same images. */
const variantSpecs: OptionSpecs = ownSpecs

const keys = ['name', 'title', 'data', 'models', 'methods', 'seeds', 'training', 'evaluation']

/**
 * Reads an experiment file. Throws one `UsageError` that lists every problem, each with its place in the file: unknown or
 * missing keys, options that the commands do not have, values out of range, models and methods that do not exist.
 * Example: {"name": "x", "data": ["synthetic"], "models": ["lenet"], "methods": ["float"], "seeds": [0, 1]} are two cells.
 */
export function readPlan(text: string, file: string): ExperimentPlan {
  const problems: string[] = []
  const report = (place: string, problem: string): void => {
    problems.push(`${place}: ${problem}`)
  }
  const root = parseJson(text, file)
  for (const key of Object.keys(root)) {
    if (!keys.includes(key)) report(key, `there is no such key; wanted ${keys.join(', ')}`)
  }
  const name = typeof root.name === 'string' && /^[\w.-]+$/.test(root.name) ? root.name : null
  if (name === null) report('name', 'wanted a string of letters, digits, dots, dashes and underscores')
  if (root.title !== undefined && typeof root.title !== 'string') report('title', 'wanted a string')
  const data = listOf(root.data, 'data', (item) => typeof item === 'string', 'names of data sets', report) as string[]
  const seeds = listOf(root.seeds ?? [0], 'seeds', isSeed, 'integers from 0 on', report) as number[]
  const models = variantsOf(root.models, 'models', 'model', report)
  const chosen = variantsOf(root.methods, 'methods', 'method', report)
  for (const [i, { of }] of chosen.entries()) checkMethod(of, `methods[${i}]`, report)
  const training = entryOf(root.training, 'training', sharedSpecs, report)
  const evaluation = readEvaluation(root.evaluation, report)
  const cells: Cell[] = []
  // A cell is only tried where its parts are sound, so that one mistake is one problem.
  if (problems.length === 0) {
    for (const dataSet of data) {
      for (const model of models) {
        for (const method of chosen) {
          for (const seed of seeds) {
            const run = { model: model.of, data: dataSet, method: method.of, seed }
            const place = `${model.name} x ${method.name} on ${dataSet}`
            const base = model.from && attempt(`${place}, from`, report, () => baseOf(model, training, run))
            const options = { ...training, ...model.options, ...method.options, ...run, ...(base && { from: 'base' }) }
            const config = attempt(place, report, () => parseConfig(options))
            if (config === null || (base === null && model.from !== null)) break
            cells.push({ model: model.name, method: method.name, data: dataSet, seed, config, base })
          }
        }
      }
    }
  }
  if (problems.length > 0 || evaluation === null) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    throw new UsageError(`${file}: ${count}:\n${[...new Set(problems)].map((problem) => `  ${problem}`).join('\n')}`)
  }
  return { name: name as string, title: (root.title as string | undefined) ?? (name as string), cells, evaluation }
}

/** The run that a command line with these options would make. */
function parseConfig(options: Entry): TrainingConfig {
  return configFrom(parseOptions({ ...runOptions, ...methodOptionSpecs }, argumentsOf(options)))
}

/** The training that a model's trainings begin with: the same net, pictures and seed, otherwise options of its own. */
function baseOf({ options, from }: Variant, training: Entry, run: Entry): TrainingConfig {
  const shape = Object.fromEntries(Object.entries(options).filter(([name]) => modelOptionNames.includes(name)))
  return parseConfig({ ...training, ...shape, ...from?.options, ...run, method: from?.method })
}

type Report = (place: string, problem: string) => void

function parseJson(text: string, file: string): Entry {
  try {
    const root: unknown = JSON.parse(text)
    if (isEntry(root)) return root
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`)
  }
  throw new UsageError(`${file}: wanted a JSON object with ${keys.join(', ')}`)
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSeed(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** A list with at least one item, without repetitions; empty after a problem. */
function listOf(
  value: unknown,
  place: string,
  isItem: (item: unknown) => boolean,
  wanted: string,
  report: Report,
): unknown[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isItem)) {
    report(place, `wanted a list of ${wanted}, at least one`)
    return []
  }
  if (new Set(value).size < value.length) report(place, 'an item stands in the list twice')
  return value
}

/** Models or methods: strings, or objects with the key `kind` (the model or method), options, and perhaps a name. */
function variantsOf(value: unknown, place: string, kind: 'model' | 'method', report: Report): Variant[] {
  if (!Array.isArray(value) || value.length === 0) {
    report(place, `wanted a list of ${place}, at least one`)
    return []
  }
  const variants = value.flatMap((item: unknown, i): Variant[] => {
    const here = `${place}[${i}]`
    if (typeof item === 'string') return [{ name: item, of: item, options: {}, from: null }]
    if (!isEntry(item) || typeof item[kind] !== 'string') {
      report(here, `wanted a name, or an object with "${kind}"`)
      return []
    }
    const { name = item[kind], [kind]: of, ...others } = item
    if (typeof name !== 'string') report(`${here}.name`, 'wanted a string')
    // A method has no such key: entryOf says so.
    const { from: begin, ...rest } = others
    const from = kind === 'model' && begin !== undefined ? fromOf(begin, `${here}.from`, report) : null
    const options = entryOf(kind === 'model' ? rest : others, here, variantSpecs, report)
    return [{ name: String(name), of: String(of), options, from }]
  })
  for (const [i, { of }] of variants.entries()) {
    if (of.endsWith('.onnx')) report(`${place}[${i}]`, 'experiments train models of the zoo; use train for ONNX files')
  }
  const names = variants.map(({ name }) => name)
  for (const name of new Set(names.filter((candidate, i) => names.indexOf(candidate) < i))) {
    report(place, `two are named '${name}'; give one of them another "name"`)
  }
  return variants
}

/** The method and options of the training that others begin with; null after a problem. */
function fromOf(value: unknown, place: string, report: Report): Variant['from'] {
  if (!isEntry(value) || typeof value.method !== 'string') {
    report(place, 'wanted an object with "method", and options')
    return null
  }
  const { method, ...options } = value
  checkMethod(method, place, report)
  return { method: String(method), options: entryOf(options, place, variantSpecs, report) }
}

function checkMethod(name: unknown, place: string, report: Report): void {
  if (Object.hasOwn(methods, String(name))) return
  report(place, `there is no method '${String(name)}'; wanted ${Object.keys(methods).join(', ')}`)
}

/** Options of an object, each checked by itself as the command line would. */
function entryOf(value: unknown, place: string, specs: OptionSpecs, report: Report): Entry {
  if (value === undefined) return {}
  if (!isEntry(value)) {
    report(place, 'wanted an object of options')
    return {}
  }
  for (const [name, option] of Object.entries(value)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined) report(`${place}.${name}`, 'there is no such option')
    else if ((spec.type === 'boolean') !== (typeof option === 'boolean')) {
      report(`${place}.${name}`, spec.type === 'boolean' ? 'wanted true or false' : `wanted ${spec.description}`)
    } else {
      attempt(`${place}.${name}`, report, () =>
        parseOptions({ [name]: { ...spec, required: false } }, argumentsOf({ [name]: option })),
      )
    }
  }
  return value
}

function readEvaluation(value: unknown, report: Report): EvaluationSettings | null {
  let isSound = true
  const options = entryOf(value, 'evaluation', evaluationOptions, (place, problem) => {
    isSound = false
    report(place, problem)
  })
  if (!isSound) return null
  return attempt('evaluation', report, () => evaluationFrom(parseOptions(evaluationOptions, argumentsOf(options))))
}

/** The command line that says the same. Example: { epochs: 3, relu6: false, bits: [8, 4] }: --epochs=3 --no-relu6 --bits=8,4. */
function argumentsOf(options: Entry): string[] {
  return Object.entries(options).map(([name, value]) =>
    typeof value === 'boolean' ? `--${value ? '' : 'no-'}${name}` : `--${name}=${String(value)}`,
  )
}

/** The result of `body`, or null after a problem was reported. */
function attempt<T>(place: string, report: Report, body: () => T): T | null {
  try {
    return body()
  } catch (error) {
    report(place, (error as Error).message)
    return null
  }
}
