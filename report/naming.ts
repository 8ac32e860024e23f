import type { BackendBits, ModelComparison, ReportData, Trained } from './data.ts'
import { distinct } from './statistics.ts'

/** 'resnet20, quant-trim, seed 1'. */
export function trainedName({ model, method, seed }: Trained): string {
  return `${model}, ${method}, seed ${seed}`
}

/** What the seeds of a run have in common: 'resnet20, quant-trim'. */
export function trainingName({ model, method }: Trained): string {
  return `${model}, ${method}`
}

/** 'tflm W4A8'. */
export function programName({ backend, bits }: BackendBits): string {
  return `${backend} ${bits}`
}

/** The methods of a report in order of first appearance: their index is their colour everywhere. */
export function methodsOf({ runs = [], comparisons = [] }: ReportData): string[] {
  return distinct([...runs, ...comparisons].map(({ method }) => method))
}

/** The models of a report in order of first appearance. */
export function modelsOf({ runs = [], comparisons = [] }: ReportData): string[] {
  return distinct([...runs, ...comparisons].map(({ model }) => model))
}

/** The names of the back ends that were compared, in order of first appearance. */
export function backendsOf(comparisons: readonly ModelComparison[]): string[] {
  return distinct(comparisons.flatMap(({ comparison }) => comparison.backends.map(({ name }) => name)))
}

/** The bit-widths that were compared, in order of first appearance. */
export function bitsOf(comparisons: readonly ModelComparison[]): string[] {
  return distinct(comparisons.flatMap(({ comparison }) => comparison.backends.map(({ bits }) => bits)))
}

/** For the title of a figure: ' of NAME' where the report has several of them, nothing where there is one. */
export function ofWhich(name: string, all: readonly unknown[]): string {
  return all.length > 1 ? ` of ${name}` : ''
}
