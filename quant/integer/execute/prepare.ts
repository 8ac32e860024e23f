import type { Step } from '../program.ts'
import { prepareAdd } from './add.ts'
import { prepareConv } from './conv.ts'
import { prepareDequantise, prepareDynamicQuantiser, prepareFloat, prepareQuantise } from './float.ts'
import { prepareGemm } from './gemm.ts'
import { prepareClamp, prepareConcat, prepareTranspose } from './move.ts'
import { prepareMul } from './mul.ts'
import { prepareAveragePool, prepareMaxPool } from './pool.ts'
import { prepareRealLayer } from './realLayer.ts'
import { type AnyPreparation, codesOnly, type Preparation, type PreparedStep, require } from './runner.ts'
import { prepareSoftmax } from './softmax.ts'
import { prepareRequantise, prepareTable } from './table.ts'
import { prepareWideLayer, prepareWideRequantise } from './wideLayer.ts'

/** Makes a step ready to run; null for one that only renames (a reshape, whose output shares its input's memory). */
export function prepareStep(step: Step, preparation: AnyPreparation): PreparedStep | null {
  switch (step.op) {
    case 'quantise':
      return prepareQuantise(step, preparation)
    case 'dequantise':
      return prepareDequantise(step, preparation)
    case 'dynamicQuantiser':
      return prepareDynamicQuantiser(step, preparation)
    case 'realLayer':
      return prepareRealLayer(step, preparation)
    case 'float':
      return prepareFloat(step, preparation)
    case 'reshape':
      return null
    default:
      return prepareCodeStep(step, codesOnly(step.name, preparation))
  }
}

type RealStep = Extract<
  Step,
  { op: 'quantise' | 'dequantise' | 'dynamicQuantiser' | 'realLayer' | 'float' | 'reshape' }
>

/** A step from codes to codes: 16 bits where layers and changes of quantiser have them, else 8. */
function prepareCodeStep(step: Exclude<Step, RealStep>, preparation: Preparation): PreparedStep {
  const isWide = [...preparation.inputs, preparation.output].some(({ storage }) => storage === 'int16')
  switch (step.op) {
    case 'conv':
    case 'gemm':
      if (isWide || step.weight.bits === 16) return prepareWideLayer(step, preparation)
      return step.op === 'conv' ? prepareConv(step, preparation) : prepareGemm(step, preparation)
    case 'requantise':
      return isWide ? prepareWideRequantise(step, preparation) : prepareRequantise(step, preparation)
  }
  require(!isWide, step.name, 'codes of 8 bits')
  switch (step.op) {
    case 'add':
      return prepareAdd(step, preparation)
    case 'mul':
      return prepareMul(step, preparation)
    case 'table':
      return prepareTable(step, preparation)
    case 'softmax':
      return prepareSoftmax(step, preparation)
    case 'averagePool':
      return prepareAveragePool(step, preparation)
    case 'maxPool':
      return prepareMaxPool(step, preparation)
    case 'concat':
      return prepareConcat(step, preparation)
    case 'clamp':
      return prepareClamp(step, preparation)
    case 'transpose':
      return prepareTranspose(step, preparation)
  }
}
