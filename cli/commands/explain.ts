import { explain, explainJson } from '../../quant/audit/explain.ts'
import { backendNames, findBackend } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import { describeOptions, numberOf, type OptionSpecs, parseOptions, textOf } from '../options.ts'
import { loadRun, readConfig } from '../run.ts'
import { loadTrainingImages } from '../runImages.ts'
import { calibrationImages } from '../testImages.ts'
import type { Command } from './command.ts'
import { runArgument } from './eval.ts'

const specs: OptionSpecs = {
  backend: { type: 'string', required: true, choices: backendNames, description: 'back end to compile for' },
  bits: { type: 'integer', minimum: 2, maximum: 16, default: 8, description: 'weight bits' },
  calibration: { type: 'integer', minimum: 1, default: 128, description: 'training images to calibrate on' },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'of the choice of calibration images' },
  json: { type: 'boolean', description: 'print JSON on stdout' },
}

/** `quant-trim explain`: the integer program of a checkpoint, as formulas. */
export const explainCommand: Command = {
  name: 'explain',
  summary: 'print the integer program of a trained run as formulas with their constants',
  help: () => `Usage: quant-trim explain RUN --backend NAME [OPTIONS]

Compiles the checkpoint of a run for one back end and prints every step as the formula it computes, with each zero
point, multiplier, shift, clamp and accumulator bound as a number, so that a person can check it by hand.

Options:
${describeOptions(specs)}`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    const folder = runArgument(positionals)
    const backend = findBackend(textOf(values, 'backend'))
    const config = readConfig(folder)
    const train = await loadTrainingImages(config)
    const { graph, parameters } = loadRun(folder, config, train)
    const calibration = calibrationImages(train, numberOf(values, 'calibration'), numberOf(values, 'seed'))
    const program = compile(graph, parameters, backend, { weightBits: numberOf(values, 'bits'), calibration })
    console.log(values.json ? JSON.stringify(explainJson(program)) : explain(program))
    return 0
  },
}
