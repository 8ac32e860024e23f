import { suite } from 'uvu'
import type { Op } from '../../../engine/ops/op.ts'
import { ops } from '../../../engine/ops/table.ts'
import { checkGradients } from './gradientCheck.ts'

const test = suite('gradients against finite differences')

for (const op of Object.values(ops) as Op[]) {
  for (const sample of op.samples()) test(`${op.name}: ${sample.name}`, () => checkGradients(op, sample))
}

test.run()
