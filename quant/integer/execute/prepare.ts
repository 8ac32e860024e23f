import type { Step } from '../program.ts'
import { prepareAdd } from './add.ts'
import { prepareConv } from './conv.ts'
import { prepareGemm } from './gemm.ts'
import { prepareClamp, prepareConcat, prepareTranspose } from './move.ts'
import { prepareMul } from './mul.ts'
import { prepareAveragePool, prepareMaxPool } from './pool.ts'
import type { Preparation, PreparedStep } from './runner.ts'
import { prepareSoftmax } from './softmax.ts'
import { prepareRequantise, prepareTable } from './table.ts'

/** Makes a step ready to run; null for one that only renames (a reshape, whose output shares its input's memory). */
export function prepareStep(step: Step, preparation: Preparation): PreparedStep | null {
  switch (step.op) {
    case 'conv':
      return prepareConv(step, preparation)
    case 'gemm':
      return prepareGemm(step, preparation)
    case 'add':
      return prepareAdd(step, preparation)
    case 'mul':
      return prepareMul(step, preparation)
    case 'table':
      return prepareTable(step, preparation)
    case 'softmax':
      return prepareSoftmax(step, preparation)
    case 'requantise':
      return prepareRequantise(step, preparation)
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
    case 'reshape':
      return null
  }
}
