import { UnsupportedError } from '../../../engine/base/errors.ts'
import { formatShape, type Shape, sameShape, sizeOf } from '../../../engine/base/shape.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { defaultLimits } from '../../../quant/integer/check/limits.ts'
import { covers } from '../../../quant/integer/lower/coverage.ts'
import {
  type Operation,
  type QuantisedNode,
  type QuantisedValue,
  sameQuantiser,
  type Tensor,
  type TensorQuantiser,
  unlimited,
  type View,
  wholeView,
} from './tensors.ts'

/**
 * The most that reading may take: elements of constants, each time that a node reads them, and taps of windows. Far
 * above any model in use.
 */
const MAX_WORK = 2 ** 29

/** A quantised model while it is read: values of codes, and the operators between them, in order. */
export class QuantisedGraph {
  readonly backend: Backend
  /** The version of the operator set that the model states. */
  readonly opset: number
  readonly nodes: QuantisedNode[] = []
  /** The codes of the model's input, once a QuantizeLinear has made them. */
  input: QuantisedValue | null = null
  readonly #tensors = new Map<string, Tensor>()
  readonly #reshaped = new Map<QuantisedValue, Map<string, QuantisedValue>>()
  readonly #quantised = new Set<Operation>()
  #work = 0

  constructor(backend: Backend, opset: number) {
    this.backend = backend
    this.opset = opset
  }

  /** What a name stands for; the model's check has made sure that something makes it. */
  tensor(name: string): Tensor {
    return this.#tensors.get(name) ?? { kind: 'refused' }
  }

  define(name: string, tensor: Tensor): void {
    this.#tensors.set(name, tensor)
  }

  /**
   * Counts what a node takes, so that no file can keep the reader busy. Throws `UnsupportedError` beyond `MAX_WORK`.
   */
  spend(work: number): void {
    this.#work += work
    if (this.#work > MAX_WORK)
      throw new UnsupportedError(`its nodes read or count more than ${MAX_WORK} elements in all`)
  }

  /**
   * Adds an operator with the codes that it makes; returns those. Throws `UnsupportedError` for what the back end does
   * not cover.
   */
  add(operation: Operation, quantiser: TensorQuantiser, name: string, isProvisional = false): QuantisedValue {
    const { op, shape } = operation
    const { backend } = this
    if (op !== 'Requantise' && !covers(op, backend)) throw new UnsupportedError(`back end ${backend.name} has no ${op}`)
    if (op === 'Requantise' && backend.rescale === undefined) {
      throw new UnsupportedError(`back end ${backend.name} has no rule to change a quantiser, which '${name}' asks for`)
    }
    const fixed = op === 'Requantise' ? undefined : backend.fixedOutputs?.[op]
    if (fixed !== undefined && (fixed.scale !== quantiser.scale || fixed.zeroPoint !== quantiser.zeroPoint)) {
      throw new UnsupportedError(
        `scale ${quantiser.scale} and zero point ${quantiser.zeroPoint}; back end ${backend.name} prescribes ${fixed.scale} and ${fixed.zeroPoint}`,
      )
    }
    checkSize(shape)
    if (this.nodes.length >= defaultLimits.steps) throw new UnsupportedError(`more than ${defaultLimits.steps} steps`)
    const output: QuantisedValue = { name, shape, quantiser, isProvisional }
    this.nodes.push({ ...operation, output })
    return output
  }

  /** The codes of real numbers that no quantiser has seen. */
  quantiseOperation(operation: Operation, quantiser: TensorQuantiser, name: string): QuantisedValue {
    if (this.#quantised.has(operation)) throw new UnsupportedError(`'${operation.name}' is quantised a second time`)
    this.#quantised.add(operation)
    if (operation.op !== 'Clip') return this.add(operation, quantiser, name)
    // A limit keeps its input's quantiser: codes are limited after the change, where there is one.
    const inputs = [this.requantised(operation.inputs[0], quantiser, `${name}.rescaled`)]
    return this.add({ ...operation, inputs }, quantiser, name)
  }

  /** A value under a quantiser: itself where it has that. */
  requantised(value: QuantisedValue, quantiser: TensorQuantiser, name: string): QuantisedValue {
    if (sameQuantiser(value.quantiser, quantiser)) return value
    const { shape } = value
    const operation = { op: 'Requantise', name, inputs: [value], attributes: {}, shape, clamp: unlimited } as const
    return this.add(operation, quantiser, name)
  }

  /** A value whose own shape is `shape`: itself, or one made by a reshape. */
  reshaped(value: QuantisedValue, shape: Shape): QuantisedValue {
    if (sameShape(value.shape, shape)) return value
    const known = this.#reshaped.get(value) ?? new Map<string, QuantisedValue>()
    this.#reshaped.set(value, known)
    const key = shape.join()
    const found = known.get(key) ?? this.#reshape(value, shape, `${value.name}.${key.replaceAll(',', 'x')}`)
    known.set(key, found)
    return found
  }

  #reshape(value: QuantisedValue, shape: Shape, name: string): QuantisedValue {
    const operation = { op: 'Reshape', name, inputs: [value], attributes: {}, shape, clamp: unlimited } as const
    return this.add(operation, value.quantiser, name, true)
  }

  /**
   * A value in the shape of a view, one image a row of the batch. Throws `UnsupportedError` where images are split into
   * rows.
   */
  viewed(value: QuantisedValue, { rows, dims }: View): QuantisedValue {
    if (rows === 1) return this.reshaped(value, dims)
    throw new UnsupportedError(
      `'${value.name}' is ${formatShape([null, ...dims])} with ${rows} rows an image; only linear layers take such`,
    )
  }
}

/** Throws `UnsupportedError` for a shape of more elements than a program may have by default, or of none. */
function checkSize(shape: Shape): void {
  const size = sizeOf(shape)
  const { elements } = defaultLimits
  if (size >= 1 && size <= elements) return
  throw new UnsupportedError(`${formatShape(shape)} are ${size} codes an image; wanted 1 to ${elements}`)
}

/** The model's input behind its first QuantizeLinear. Throws as `checkSize`. */
export function inputValue(name: string, shape: Shape, quantiser: TensorQuantiser): Tensor & { kind: 'codes' } {
  checkSize(shape)
  return { kind: 'codes', value: { name, shape, quantiser, isProvisional: false }, view: wholeView(shape) }
}
