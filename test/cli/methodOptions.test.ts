import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { methodOptionSpecs } from '../../cli/methodOptionSpecs.ts'
import { changedMethod } from '../../cli/methodOptions.ts'
import { describeOptions, parseOptions } from '../../cli/options.ts'
import { defaultKure } from '../../quant/trim/kurtosis.ts'
import { type MethodOptions, methodOptions } from '../../quant/trim/methods.ts'
import { defaultPairTrimming } from '../../quant/trim/pairTrimming.ts'
import { defaultSchemeSampling } from '../../quant/trim/schemeSampling.ts'

const test = suite('options of a method')

function changed(method: string, ...args: string[]): MethodOptions {
  const { values, given } = parseOptions(methodOptionSpecs, args)
  return changedMethod(methodOptions(method), values, given)
}

test('without options every method is as its table says', () => {
  for (const name of ['float', 'qat', 'quant-trim', 'kure', 'lsq']) assert.equal(changed(name), methodOptions(name))
})

test('the rate with frozen batch norm stands among the options only where it is given', () => {
  assert.not.ok('frozenRate' in changed('quant-trim+grid'), 'or every run before it would have another hash')
  assert.is(changed('quant-trim+grid', '--frozen-rate', '0.3').frozenRate, 0.3)
})

test('kurtosis regularisation: switched on by itself or by its options, and off', () => {
  assert.equal(changed('qat', '--kure').kure, defaultKure)
  assert.equal(changed('qat', '--kure-weight', '0.3').kure, { ...defaultKure, weight: 0.3 })
  assert.equal(changed('kure', '--kure-target', '2').kure, { ...defaultKure, target: 2 })
  assert.is(changed('kure', '--no-kure').kure, null)
})

test('step sizes, reverse pruning and centred logits', () => {
  assert.is(changed('qat', '--step-sizes', 'learned').stepSizes, 'learned')
  assert.is(changed('qat', '--export-centred-logits').exportCentredLogits, true)
  assert.is('exportCentredLogits' in changed('qat'), false, 'so that earlier runs keep their hash')
  assert.is(changed('quant-trim', '--no-reverse-pruning').reversePruning, null)
  assert.is(changed('qat', '--clip-quantile', '0.98').reversePruning?.quantile, 0.98)
})

test('sampling, grid alignment and pair trimming: switched on as a whole or by one of their options, lists checked', () => {
  assert.equal(changed('qat', '--sampling').sampling, defaultSchemeSampling)
  assert.equal(changed('qat', '--sampling-parts', 'bits,symmetry', '--sampling-weight-bits', '4,8').sampling, {
    ...defaultSchemeSampling,
    parts: ['bits', 'symmetry'],
    weightBits: [4, 8],
  })
  assert.is(changed('quant-trim+sampling', '--sampling-on-grid', 'tensor').sampling?.onGrid, 'tensor')
  assert.is(changed('quant-trim+sampling', '--no-sampling').sampling, null)
  assert.equal(changed('qat', '--grid-from', '0.6').gridAlignment, { from: 0.6 })
  assert.is(changed('quant-trim+grid', '--no-grid-alignment', '--no-export-snapped').exportSnapped, false)
  assert.equal(changed('float', '--pair-trimming').pairTrimming, defaultPairTrimming)
  assert.equal(changed('quant-trim', '--pair-from', '0.5').pairTrimming, { from: 0.5 })
  assert.is(changed('quant-trim').pairTrimming, null)
  assert.throws(
    () => changed('qat', '--sampling-parts', 'colour'),
    /--sampling-parts colour: wanted a list of granularity/,
  )
  assert.throws(() => changed('qat', '--sampling-activation-bits', '4,one'), /wanted a list of widths from 2 to 16/)
})

test('the help shows the defaults', () => {
  const help = describeOptions(methodOptionSpecs)
  assert.match(help, new RegExp(`--kure-weight N .*\\[${defaultKure.weight}\\]`))
  assert.match(help, /--step-sizes NAME .*\(estimated, learned\) \[estimated\]/)
})

test.run()
