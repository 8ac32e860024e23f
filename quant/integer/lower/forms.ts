import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { Shape } from '../../../engine/base/shape.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { FloatFormat, FloatValue, ProgramValue, Step } from '../program.ts'
import type { RescaleRule } from '../rules.ts'
import { addValue, type StepContext } from './context.ts'
import { rescaleArithmetic } from './rescale.ts'

/** How a tensor may be kept: codes of the back end's width, codes of 16 bits, or real numbers. */
export type Form = 'codes' | 'wide' | 'real'

/** The quantisers of a tensor: of its codes, and of its codes of 16 bits. */
export interface FormQuantisers {
  readonly codes: (tensor: string) => Quantiser
  readonly wide: (tensor: string) => Quantiser
}

/** A program value of a quantiser. */
export function codeValue(name: string, shape: Shape, { scale, zeroPoint, qmin, qmax }: Quantiser): ProgramValue {
  return { name, shape, scale: scale[0], zeroPoint: zeroPoint[0], qmin, qmax }
}

/**
 * The forms in which each tensor of a graph exists in a program. The one that a tensor is first made in has the tensor's name, others
 * `NAME.codes`, `NAME.wide`, `NAME.real`: they are made, by a step between, when something reads them.
 */
export class TensorForms {
  readonly steps: Step[] = []
  readonly floats: FloatValue[] = []
  readonly #context: StepContext
  readonly #format: FloatFormat
  readonly #rescale: RescaleRule | undefined
  /** The shape of a tensor without the batch. */
  readonly shapeOf: (tensor: string) => Shape
  readonly #quantisers: FormQuantisers
  readonly #names = new Map<string, Map<Form, string>>()

  constructor(
    context: StepContext,
    shapeOf: (tensor: string) => Shape,
    quantisers: FormQuantisers,
    format: FloatFormat,
    rescale: RescaleRule | undefined,
  ) {
    this.#context = context
    this.shapeOf = shapeOf
    this.#quantisers = quantisers
    this.#format = format
    this.#rescale = rescale
  }

  /** Adds the value of a tensor that is about to be made in a form; returns its name, by default that of the tensor. */
  make(tensor: string, form: Form, name = tensor): string {
    const shape = this.shapeOf(tensor)
    if (form === 'real') this.floats.push({ name, shape, format: this.#format })
    else addValue(this.#context, codeValue(name, shape, this.#quantisers[form](tensor)))
    const forms = this.#names.get(tensor) ?? new Map<Form, string>()
    this.#names.set(tensor, forms.set(form, name))
    return name
  }

  /** Whether a tensor exists in a form. */
  isMade(tensor: string, form: Form): boolean {
    return this.#names.get(tensor)?.has(form) === true
  }

  /**
   * Turns a tensor that was just made of real numbers into 16-bit codes, which is all that is kept of it: the real numbers become
   * `NAME.exact`, the codes have its name.
   */
  keepWide(tensor: string): void {
    const exact = `${tensor}.exact`
    const last = this.steps.pop() as Step
    const value = this.floats.pop() as FloatValue
    this.steps.push({ ...last, output: exact })
    this.floats.push({ ...value, name: exact })
    this.#names.delete(tensor)
    this.make(tensor, 'wide')
    const { rounding } = this.#context.backend
    this.steps.push({ op: 'quantise', name: tensor, inputs: [exact], output: tensor, rounding: rounding.input })
  }

  /** The name of a tensor in a form, made from another form where it does not exist yet. */
  read(tensor: string, form: Form): string {
    const forms = this.#names.get(tensor) as Map<Form, string>
    const known = forms.get(form)
    if (known !== undefined) return known
    const [[from, source]] = forms
    const name = this.make(tensor, form, `${tensor}.${form}`)
    const common = { name, inputs: [source], output: name }
    if (form === 'real') this.steps.push({ op: 'dequantise', ...common })
    else if (from === 'real') {
      this.steps.push({ op: 'quantise', ...common, rounding: this.#context.backend.rounding.input })
    } else this.steps.push(this.#rescaled(common, source, name))
    return name
  }

  #rescaled(common: { name: string; inputs: string[]; output: string }, source: string, name: string): Step {
    const { backend, values } = this.#context
    const rule = this.#rescale ?? backend.rescale
    if (rule === undefined) {
      throw new UnsupportedError(
        `lowering: '${source}' has 16-bit codes, and back end ${backend.name} has no rule to rescale them`,
      )
    }
    const arithmetic = rescaleArithmetic(rule, values.get(source) as ProgramValue, values.get(name) as ProgramValue)
    return { op: 'requantise', ...common, arithmetic }
  }
}
