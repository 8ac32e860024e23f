import { UsageError } from '../base/errors.ts'
import { context } from '../core/context.ts'
import { type FloatTensor, zeros } from '../core/tensor.ts'
import {
  checkOption,
  checkState,
  listParameters,
  type OptimisedParameter,
  type Optimiser,
  parametersToUpdate,
} from './optimiser.ts'

/** The options of `SGD`, named as in PyTorch. */
export interface SGDOptions {
  lr: number
  /** Default 0: plain gradient descent, without a buffer. */
  momentum?: number
  /** How much less than all of the gradient enters the momentum buffer. Default 0. */
  dampening?: number
  /** Looks ahead along the momentum. Needs momentum and no dampening. Default false. */
  nesterov?: boolean
  /** L2 decay, added to the gradient as weightDecay * parameter. Default 0. */
  weightDecay?: number
  /** Parameters, by name, that decay does not apply to. */
  noDecay?: (name: string) => boolean
}

/**
 * Stochastic gradient descent with momentum, weight decay and Nesterov's variant; PyTorch's formulas and order, float32.
 * As there, the first gradient a parameter gets enters its buffer undamped.
 * @example new SGD(parameters, { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 })
 */
export class SGD implements Optimiser {
  lr: number
  readonly #parameters: readonly OptimisedParameter[]
  readonly #momentum: number
  readonly #dampening: number
  readonly #nesterov: boolean
  readonly #weightDecay: number
  /** By parameter name; there from a parameter's first update on. */
  readonly #buffers = new Map<string, FloatTensor>()

  /** Throws `UsageError` for no or equally named parameters and for options out of range. */
  constructor(parameters: Iterable<readonly [string, FloatTensor]>, options: SGDOptions) {
    const { lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options
    checkOption(lr, 'lr', 'SGD')
    checkOption(momentum, 'momentum', 'SGD')
    checkOption(dampening, 'dampening', 'SGD')
    checkOption(weightDecay, 'weightDecay', 'SGD')
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new UsageError(
        `SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum} and dampening ${dampening}`,
      )
    }
    this.#parameters = listParameters(parameters, options.noDecay, 'SGD')
    this.lr = lr
    this.#momentum = momentum
    this.#dampening = dampening
    this.#nesterov = nesterov
    this.#weightDecay = weightDecay
  }

  step(): void {
    checkOption(this.lr, 'lr', 'SGD.step')
    const { kernels } = context
    for (const { name, tensor, decay, gradient } of parametersToUpdate(this.#parameters, 'SGD.step')) {
      const weightDecay = decay ? this.#weightDecay : 0
      if (this.#momentum === 0) {
        kernels.sgd(gradient.data, tensor.data, this.lr, weightDecay)
        continue
      }
      let buffer = this.#buffers.get(name)
      const intake = buffer === undefined ? 1 : 1 - this.#dampening
      if (buffer === undefined) {
        buffer = zeros(tensor.shape)
        this.#buffers.set(name, buffer)
      }
      const factors = { lr: this.lr, weightDecay, momentum: this.#momentum, intake, nesterov: this.#nesterov }
      kernels.sgdMomentum(gradient.data, buffer.data, tensor.data, factors)
    }
  }

  zeroGrad(): void {
    for (const { tensor } of this.#parameters) tensor.grad = null
  }

  /** `<parameter>.momentum` of every parameter that was updated, or nothing where momentum is 0. */
  state(): Map<string, FloatTensor> {
    return new Map([...this.#buffers].map(([name, buffer]) => [`${name}.momentum`, buffer.clone()]))
  }

  /** As in `Optimiser`; a parameter without an entry counts as not yet updated. */
  loadState(state: ReadonlyMap<string, FloatTensor>): void {
    const used = this.#momentum === 0 ? [] : this.#parameters
    checkState(state, new Map(used.map(({ name, tensor }) => [`${name}.momentum`, tensor])), 'SGD.loadState')
    this.#buffers.clear()
    for (const { name } of used) {
      const buffer = state.get(`${name}.momentum`)
      if (buffer !== undefined) this.#buffers.set(name, buffer.clone())
    }
  }
}
