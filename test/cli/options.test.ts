import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeOptions, type OptionSpecs, parseOptions } from '../../cli/options.ts'

const test = suite('command-line options')

const specs: OptionSpecs = {
  model: { type: 'string', required: true, choices: ['mlp', 'lenet'], description: 'the model' },
  epochs: { type: 'integer', minimum: 1, maximum: 10, default: 5, description: 'passes' },
  rate: { type: 'number', minimum: 0, description: 'learning rate' },
  nesterov: { type: 'boolean', default: true, description: 'momentum' },
}

const fails = (args: string[], message: RegExp): void => {
  assert.throws(
    () => parseOptions(specs, args),
    (error: Error) => error.name === 'UsageError' && message.test(error.message),
  )
}

test('values, defaults, negation, and what was given', () => {
  const { values, given } = parseOptions(specs, ['--model', 'lenet', '--rate=0.5', '--no-nesterov'])
  assert.equal({ ...values }, { model: 'lenet', epochs: 5, rate: 0.5, nesterov: false })
  assert.equal([...given], ['model', 'rate', 'nesterov'])
})

test('a string can be negatable: a value, or switched off', () => {
  const page: OptionSpecs = { report: { type: 'string', value: 'FILE', negatable: true, description: 'where' } }
  const report = (args: string[]): unknown => parseOptions(page, args).values.report
  assert.is(report([]), undefined)
  assert.is(report(['--report', 'a.html']), 'a.html')
  assert.is(report(['--no-report']), false)
  assert.is(report(['--report', 'a.html', '--no-report']), false)
  assert.throws(() => parseOptions(page, ['--report']), /--report/)
  assert.match(describeOptions(page), /^ {2}--\[no-\]report FILE +where$/)
})

test('what is wrong is named', () => {
  fails([], /--model is missing: the model/)
  fails(['--model', 'vgg'], /--model vgg: wanted one of mlp, lenet/)
  fails(['--model', 'mlp', '--epochs', '0'], /--epochs 0: wanted an integer from 1 to 10/)
  fails(['--model', 'mlp', '--epochs', '2.5'], /wanted an integer/)
  fails(['--model', 'mlp', '--epochs='], /wanted an integer/)
  fails(['--model', 'mlp', '--rate', 'fast'], /--rate fast: wanted a number from 0/)
  fails(['--model', 'mlp', '--rate', 'Infinity'], /wanted a number/)
  fails(['--model', 'mlp', '--speed', '3'], /--speed.*--help lists/s)
  fails(['--model'], /--model/)
  fails(['--model', 'mlp', 'extra'], /'extra' was not expected/)
})

test('positionals are taken where a command has them', () => {
  assert.equal(parseOptions(specs, ['RUN', '--model', 'mlp'], 1).positionals, ['RUN'])
})

test('the help shows defaults, choices and negatable flags', () => {
  const lines = describeOptions(specs).split('\n')
  assert.match(lines[0], /^ {2}--model NAME +the model \(mlp, lenet\)$/)
  assert.match(lines[1], /^ {2}--epochs N +passes \[5\]$/)
  assert.match(lines[3], /^ {2}--\[no-\]nesterov +momentum \[true\]$/)
})

test.run()
