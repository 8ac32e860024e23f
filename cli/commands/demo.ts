import type { Executor } from '../../engine/simd/executor.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { type Comparison, compareBackends } from '../../quant/audit/compare.ts'
import { comparedNames, findBackend } from '../../quant/backends/index.ts'
import { methodOptions } from '../../quant/trim/methods.ts'
import { methodOptionSpecs } from '../methodOptionSpecs.ts'
import { describeOptions, numberOf, type OptionSpecs, type ParsedOptions, parseOptions } from '../options.ts'
import { duration, Progress, percent, points, table } from '../terminal.ts'
import { calibrationImages, inBatches } from '../testImages.ts'
import { threadOptions, withThreads } from '../threads.ts'
import { epochBatches, graphOf, makeTrainer, type TrainingConfig } from '../trainingConfig.ts'
import { configFrom, runOptions } from '../trainingOptions.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  epochs: { type: 'integer', minimum: 1, maximum: 1000, default: 8, description: 'passes over the training images' },
  images: { type: 'integer', minimum: 64, maximum: 100000, default: 4000, description: 'training images to draw' },
  seed: { type: 'integer', minimum: 0, default: 1, description: 'of the pictures, the weights and their order' },
  ...threadOptions,
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

const TEST_IMAGES = 1000
const BITS = [8, 4]
const compared = ['float', 'qat', 'quant-trim'] as const

/** `quant-trim demo`: three methods, one net, pictures drawn on the spot, all back ends. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'train one small net with three methods and compare them on every back end; needs no files',
  help: () => `Usage: quant-trim demo [OPTIONS]

Draws a data set, trains the same small net with float training, plain QAT and Quant-Trim for equally many epochs,
compiles each checkpoint for every back end at W8A8 and W4A8, and prints what is left of its accuracy.

Options:
${describeOptions(specs)}`,
  run: demo,
}

async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(specs, args)
  const results = await withThreads(values, (executor) => trainAndCompare(values, executor))
  console.log(values.json ? JSON.stringify(results) : `${formatDemo(results)}\n\n${verdict(results)}`)
  return 0
}

async function trainAndCompare(
  values: ParsedOptions['values'],
  executor: Executor,
): Promise<Record<string, Comparison>> {
  const progress = new Progress(values.quiet === true)
  const seed = numberOf(values, 'seed')
  const train = synthetic({ split: 'train', count: numberOf(values, 'images'), seed })
  const test = synthetic({ split: 'test', count: TEST_IMAGES, seed })
  const results: Record<string, Comparison> = {}
  for (const method of compared) {
    const started = performance.now()
    const config = demoConfig(method, numberOf(values, 'epochs'), seed)
    const trainer = makeTrainer(config, graphOf(config, train), train)
    while (trainer.epoch < config.epochs) {
      const { metrics } = await trainer.trainEpoch(epochBatches(config, train, trainer.epoch))
      progress.update(`${method}  epoch ${trainer.epoch}/${config.epochs}  loss ${metrics.loss.toFixed(4)}`)
    }
    const { graph, parameters } = trainer.export(epochBatches(config, train, 0))
    results[method] = compareBackends({
      graph,
      parameters,
      backends: comparedNames.map(findBackend),
      weightBits: BITS,
      calibration: calibrationImages(train, 128, seed),
      test: inBatches(test),
      executor,
      onProgress: (what, done, total) => progress.update(`${method}  ${done}/${total}  ${what}`),
    })
    progress.line(`${method.padEnd(10)}  trained and evaluated in ${duration((performance.now() - started) / 1000)}`)
  }
  return results
}

/** The same run for every method: what differs is the method alone. */
function demoConfig(method: string, epochs: number, seed: number): TrainingConfig {
  const standard = Object.entries({ ...runOptions, ...methodOptionSpecs }).map(([name, spec]) => [name, spec.default])
  const config = configFrom({
    values: { ...Object.fromEntries(standard), model: 'lenet', method, epochs, seed },
    given: new Set(),
    positionals: [],
  })
  return { ...config, methodOptions: methodOptions(method) }
}

/** Rows back ends by bits, columns methods: top-1 and the change against the same checkpoint's float. */
function formatDemo(results: Readonly<Record<string, Comparison>>): string {
  const methods = Object.keys(results)
  const header = ['top-1 % (change against its own float)', ...methods]
  const [first] = Object.values(results)
  const rows = [
    ['float', ...methods.map((method) => percent(results[method].float.top1))],
    ...first.backends.map(({ name, bits }, i) => [
      `${bits}  ${name}`,
      ...methods.map((method) => {
        const { top1, drop } = results[method].backends[i]
        return `${percent(top1)} (${points(drop)})`
      }),
    ]),
  ]
  const foot = first.summary.flatMap(({ bits }, i) => [
    [`${bits}  mean change`, ...methods.map((method) => points(results[method].summary[i].meanDrop))],
    [`${bits}  worst change`, ...methods.map((method) => points(results[method].summary[i].worstDrop))],
    [`${bits}  spread over back ends`, ...methods.map((method) => percent(results[method].summary[i].spread))],
  ])
  return table(header, [...rows, ...foot], foot.length)
}

/** One sentence that follows from the numbers, whichever way they fell. */
function verdict(results: Readonly<Record<string, Comparison>>): string {
  const last = BITS.length - 1
  const worst = (method: string): number => results[method].summary[last].worstDrop
  const { bits } = results.float.summary[last]
  const ranked = Object.keys(results).sort((a, b) => worst(b) - worst(a))
  const described = ranked.map((method) => `${points(worst(method))} for ${method}`)
  const relation =
    ranked[0] === 'quant-trim'
      ? 'the Quant-Trim checkpoint lost least'
      : `Quant-Trim did not win here: ${ranked[0]} lost least`
  return `On its worst back end at ${bits}, ${relation}: ${described.join(', ')} points of top-1 against the same checkpoint in float.`
}
