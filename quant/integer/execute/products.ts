import type { IntegerKernels } from '../kernels/index.ts'
import type { ConvStep, GemmStep } from '../program.ts'
import { type CodeTarget, type RequantiserTable, requantiserTable } from '../requantise/requantiser.ts'
import { type CodeArray, type StoredValue, storedTarget } from '../storage.ts'
import { type PreparedStep, prepared, type Scratch, type ScratchNeeds } from './runner.ts'

/** What becomes of the sums of a layer. */
export interface SumRule {
  /** With a real output: of kind 'f32-half-even', whose scale and offset count. */
  readonly requantiser: RequantiserTable
  readonly target: CodeTarget
}

/** What products are taken on: `images` images of codes with one zero point. */
export interface ProductCall<X> {
  readonly kernels: IntegerKernels
  readonly x: X
  readonly images: number
  readonly zeroPoint: number
  readonly scratch: Scratch
  /** A Float32Array for real numbers. */
  readonly out: X | Float32Array
}

/** The sums of products of a layer made ready: constants that can be moved, scratch, and what is done with them. */
export interface Products<P extends SumRule, X = Int8Array> {
  readonly plan: P
  readonly needs: ScratchNeeds
  run(plan: P, call: ProductCall<X>): void
}

/** What becomes of the sums of a layer that makes codes. */
export function codeRule(step: ConvStep | GemmStep, output: StoredValue): SumRule {
  return { requantiser: requantiserTable(step.requantiser, step.weight.shape[0]), target: storedTarget(output, step) }
}

/** A layer that makes codes of codes with one zero point. */
export function prepareProducts<P extends SumRule, X extends CodeArray = Int8Array>(
  { plan, needs, run }: Products<P, X>,
  zeroPoint: number,
): PreparedStep {
  return prepared<P, X>(plan, needs, (placed, { kernels, inputs: [x], batch, scratch, out }) =>
    run(placed, { kernels, x, images: batch, zeroPoint, scratch, out }),
  )
}
