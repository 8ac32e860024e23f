/** All hypotheses about a program. */

import type { IntegerProgram } from '../../../quant/integer/program.ts'
import { backendHypotheses, inputHypotheses } from './backends.ts'
import { elementHypotheses, elementKindsOf } from './elements.ts'
import type { Hypothesis } from './hypothesis.ts'
import { layoutHypotheses } from './layouts.ts'
import { limitHypotheses } from './limits.ts'
import { requantiserKindsOf, rescalingHypotheses } from './rescaling.ts'
import { scaleHypotheses } from './scales.ts'
import { sumHypotheses } from './sums.ts'

/** Those that may concern an operation of the program, the simplest first. */
export function hypothesesFor({ header }: IntegerProgram): Hypothesis[] {
  return [
    ...requantiserKindsOf(header.steps).flatMap(rescalingHypotheses),
    ...elementKindsOf(header.steps).flatMap(elementHypotheses),
    ...backendHypotheses,
    ...inputHypotheses,
    ...limitHypotheses,
    ...sumHypotheses,
    ...scaleHypotheses,
    ...layoutHypotheses,
  ].sort((a, b) => a.changes - b.changes)
}
