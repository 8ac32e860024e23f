import { FormatError, UsageError } from '../base/errors.ts'
import { formatShape, sameShape } from '../base/shape.ts'
import type { FloatTensor } from '../core/tensor.ts'

/** What updates parameters from their gradients. */
export interface Optimiser {
  /** The learning rate of the next step; a schedule may change it between steps. */
  lr: number
  /**
   * Updates every parameter that has a gradient, in place; the others stay as they are. Throws `UsageError` when none
   * has one, or when `lr` is not a finite number from 0 on.
   */
  step(): void
  /** Drops all gradients: the next `backward` starts from nothing. */
  zeroGrad(): void
  /** Copies of everything a resumed run needs beside the parameters, by name: `conv1.weight.momentum`. */
  state(): Map<string, FloatTensor>
  /** Takes over what `state` returned. Throws `FormatError`, before anything is changed, when it does not fit. */
  loadState(state: ReadonlyMap<string, FloatTensor>): void
}

/** One tensor that an optimiser updates. */
export interface OptimisedParameter {
  readonly name: string
  readonly tensor: FloatTensor
  /** Whether weight decay applies to it. */
  readonly decay: boolean
}

/** The parameters as a list, in their order. Throws `UsageError` when there is none or a name comes twice. */
export function listParameters(
  parameters: Iterable<readonly [string, FloatTensor]>,
  noDecay: ((name: string) => boolean) | undefined,
  operation: string,
): OptimisedParameter[] {
  const list: OptimisedParameter[] = []
  const seen = new Set<string>()
  for (const [name, tensor] of parameters) {
    if (seen.has(name)) throw new UsageError(`${operation}: two parameters are called '${name}'; rename one`)
    seen.add(name)
    list.push({ name, tensor, decay: !noDecay?.(name) })
  }
  if (list.length === 0) throw new UsageError(`${operation}: there are no parameters to optimise; pass at least one`)
  return list
}

/** The parameters that have a gradient, with it. Throws `UsageError` when none has one. */
export function parametersToUpdate(
  parameters: readonly OptimisedParameter[],
  operation: string,
): (OptimisedParameter & { readonly gradient: FloatTensor })[] {
  const list = parameters.flatMap((parameter) => {
    const gradient = parameter.tensor.grad
    return gradient === null ? [] : [{ ...parameter, gradient }]
  })
  if (list.length === 0) {
    throw new UsageError(`${operation}: none of ${parameters.length} parameters has a gradient; call backward() first`)
  }
  return list
}

/** Throws `UsageError` unless `value` is a finite number from 0 on, and below `limit` where one is given. */
export function checkOption(value: number, option: string, operation: string, limit = Number.POSITIVE_INFINITY): void {
  if (Number.isFinite(value) && value >= 0 && value < limit) return
  const wanted = limit === Number.POSITIVE_INFINITY ? 'a finite number from 0 on' : `a number in [0, ${limit})`
  throw new UsageError(`${operation}: ${option} is ${value}, wanted ${wanted}`)
}

/** Throws `FormatError` listing every name in `state` that `expected` lacks and every tensor of another shape or type. */
export function checkState(
  state: ReadonlyMap<string, FloatTensor>,
  expected: ReadonlyMap<string, FloatTensor>,
  operation: string,
): void {
  const faults: string[] = []
  for (const [name, { dtype, shape }] of state) {
    const wanted = expected.get(name)
    if (wanted === undefined) faults.push(`'${name}' belongs to no parameter`)
    else if (dtype !== 'float32') faults.push(`'${name}' is ${dtype}, wanted float32`)
    else if (!sameShape(shape, wanted.shape)) {
      faults.push(`'${name}' is ${formatShape(shape)}, wanted ${formatShape(wanted.shape)}`)
    }
  }
  if (faults.length > 0) {
    throw new FormatError(`${operation}: the state is not of these parameters: ${faults.join('; ')}`)
  }
}
