import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { changedMethod, methodOptionSpecs } from '../../cli/methodOptions.ts'
import { describeOptions, parseOptions } from '../../cli/options.ts'
import { defaultKure } from '../../quant/trim/kurtosis.ts'
import { type MethodOptions, methodOptions } from '../../quant/trim/methods.ts'

const test = suite('options of a method')

function changed(method: string, ...args: string[]): MethodOptions {
  const { values, given } = parseOptions(methodOptionSpecs, args)
  return changedMethod(methodOptions(method), values, given)
}

test('without options every method is as its table says', () => {
  for (const name of ['float', 'qat', 'quant-trim', 'kure', 'lsq']) assert.equal(changed(name), methodOptions(name))
})

test('kurtosis regularisation: switched on by itself or by its options, and off', () => {
  assert.equal(changed('qat', '--kure').kure, defaultKure)
  assert.equal(changed('qat', '--kure-weight', '0.3').kure, { ...defaultKure, weight: 0.3 })
  assert.equal(changed('kure', '--kure-target', '2').kure, { ...defaultKure, target: 2 })
  assert.is(changed('kure', '--no-kure').kure, null)
})

test('step sizes and reverse pruning', () => {
  assert.is(changed('qat', '--step-sizes', 'learned').stepSizes, 'learned')
  assert.is(changed('quant-trim', '--no-reverse-pruning').reversePruning, null)
  assert.is(changed('qat', '--clip-quantile', '0.98').reversePruning?.quantile, 0.98)
})

test('the help shows the defaults', () => {
  const help = describeOptions(methodOptionSpecs)
  assert.match(help, new RegExp(`--kure-weight N .*\\[${defaultKure.weight}\\]`))
  assert.match(help, /--step-sizes NAME .*\(estimated, learned\) \[estimated\]/)
})

test.run()
