import { FormatError } from '../base/errors.ts'
import { context } from '../core/context.ts'
import { type FloatTensor, tensor, zeros } from '../core/tensor.ts'
import {
  checkOption,
  checkState,
  listParameters,
  type OptimisedParameter,
  type Optimiser,
  parametersToUpdate,
} from './optimiser.ts'

// Up to here a float32 counts without gaps.
const MAX_STEPS = 16777216

/** The options of `AdamW`, named as in PyTorch. */
export interface AdamWOptions {
  lr: number
  /** Decay of the first and of the second moment. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the root of the second moment. Default 1e-8. */
  eps?: number
  /** Default 0.01. */
  weightDecay?: number
  /** true (default): decay shrinks the parameter directly (AdamW). false: it is added to the gradient (Adam). */
  decoupled?: boolean
  /** Parameters, by name, that decay does not apply to. */
  noDecay?: (name: string) => boolean
}

/** The two running means of one parameter. */
interface Moments {
  readonly first: FloatTensor
  readonly second: FloatTensor
}

/**
 * AdamW, or Adam with `decoupled: false`; PyTorch's formulas and order, float32, with the bias corrections in double by
 * repeated multiplication. One step count serves all parameters, also one that gets its first gradient late.
 * @example new AdamW(parameters, { lr: 1e-3, weightDecay: 0.05 })
 */
export class AdamW implements Optimiser {
  lr: number
  readonly #parameters: readonly OptimisedParameter[]
  readonly #betas: readonly [number, number]
  readonly #eps: number
  readonly #weightDecay: number
  readonly #decoupled: boolean
  readonly #moments: ReadonlyMap<string, Moments>
  #step = 0
  // betas^step
  #power1 = 1
  #power2 = 1

  /** Throws `UsageError` for no or equally named parameters and for options out of range. */
  constructor(parameters: Iterable<readonly [string, FloatTensor]>, options: AdamWOptions) {
    const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decoupled = true } = options
    checkOption(lr, 'lr', 'AdamW')
    checkOption(betas[0], 'betas[0]', 'AdamW', 1)
    checkOption(betas[1], 'betas[1]', 'AdamW', 1)
    checkOption(eps, 'eps', 'AdamW')
    checkOption(weightDecay, 'weightDecay', 'AdamW')
    this.#parameters = listParameters(parameters, options.noDecay, 'AdamW')
    this.lr = lr
    this.#betas = betas
    this.#eps = eps
    this.#weightDecay = weightDecay
    this.#decoupled = decoupled
    this.#moments = new Map(
      this.#parameters.map(({ name, tensor: { shape } }) => [name, { first: zeros(shape), second: zeros(shape) }]),
    )
  }

  step(): void {
    checkOption(this.lr, 'lr', 'AdamW.step')
    const updates = parametersToUpdate(this.#parameters, 'AdamW.step')
    const [beta1, beta2] = this.#betas
    this.#step += 1
    this.#power1 *= beta1
    this.#power2 *= beta2
    const stepSize = this.lr / (1 - this.#power1)
    const correction = Math.sqrt(1 - this.#power2)
    for (const { name, tensor, decay, gradient } of updates) {
      const weightDecay = decay ? this.#weightDecay : 0
      const { first, second } = this.#moments.get(name) as Moments
      context.kernels.adam(gradient.data, first.data, second.data, tensor.data, {
        beta1,
        beta2,
        eps: this.#eps,
        stepSize,
        correction,
        l2: this.#decoupled ? 0 : weightDecay,
        keep: this.#decoupled ? 1 - this.lr * weightDecay : 1,
      })
    }
  }

  zeroGrad(): void {
    for (const { tensor } of this.#parameters) tensor.grad = null
  }

  /** `<parameter>.first_moment` and `.second_moment` of every parameter, and `step`: how many steps there were. */
  state(): Map<string, FloatTensor> {
    const state = new Map([['step', tensor([this.#step])]])
    for (const [name, { first, second }] of this.#moments) {
      state.set(`${name}.first_moment`, first.clone())
      state.set(`${name}.second_moment`, second.clone())
    }
    return state
  }

  loadState(state: ReadonlyMap<string, FloatTensor>): void {
    const own = this.state()
    checkState(state, own, 'AdamW.loadState')
    const missing = [...own.keys()].filter((name) => !state.has(name))
    if (missing.length > 0) throw new FormatError(`AdamW.loadState: the state lacks ${missing.join(', ')}`)
    const step = (state.get('step') as FloatTensor).item()
    if (!Number.isInteger(step) || step < 0 || step > MAX_STEPS) {
      throw new FormatError(`AdamW.loadState: the step count is ${step}, wanted an integer in [0, ${MAX_STEPS}]`)
    }
    for (const [name, { first, second }] of this.#moments) {
      first.data.set((state.get(`${name}.first_moment`) as FloatTensor).data)
      second.data.set((state.get(`${name}.second_moment`) as FloatTensor).data)
    }
    this.#step = step
    this.#power1 = 1
    this.#power2 = 1
    for (let i = 0; i < step; i++) {
      this.#power1 *= this.#betas[0]
      this.#power2 *= this.#betas[1]
    }
  }
}
