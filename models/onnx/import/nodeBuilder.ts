import type { DType } from '../../../engine/base/dtype.ts'
import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import type { AttributeValue } from '../../../engine/graph/graph.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'
import type { OnnxAttributes } from '../attributes.ts'
import { describeNode } from '../describeNode.ts'
import { engineType } from '../elements.ts'
import type { OnnxNode, OnnxTensor, OnnxType } from '../model.ts'
import type { GraphAssembler, ImportedOpName, Value } from './assembler.ts'
import { isPartial, isUnknown, toSafe } from './partialShape.ts'

/** Attributes for a graph's node: those that are undefined are left out. */
export type NodeAttributes = Readonly<Record<string, AttributeValue | undefined>>

/**
 * One ONNX node on its way into a graph: what its operator's `build` reads and writes. Inputs and outputs are given by
 * position. What cannot be expressed ends in `refuse`.
 */
export class NodeBuilder {
  readonly attributes: OnnxAttributes
  /** The version of the operator set that the model states. */
  readonly opset: number
  readonly #node: OnnxNode
  readonly #assembler: GraphAssembler

  constructor(assembler: GraphAssembler, node: OnnxNode, attributes: OnnxAttributes, opset: number) {
    this.#assembler = assembler
    this.#node = node
    this.attributes = attributes
    this.opset = opset
  }

  /** The number of inputs that the node lists, absent ones included. */
  get inputCount(): number {
    return this.#node.inputs.length
  }

  /** The number of outputs up to the last one that has a name. */
  get outputCount(): number {
    return this.#node.outputs.findLastIndex((name) => name !== '') + 1
  }

  /** Whether an optional input is there. */
  has(input: number): boolean {
    return (this.#node.inputs[input] ?? '') !== ''
  }

  /** The extents of an input, null where known only at run time. */
  shape(input: number): SymbolicShape {
    const value = this.#value(input)
    return value.kind === 'constant' ? value.tensor.dims : value.spec.shape
  }

  type(input: number): OnnxType {
    const value = this.#value(input)
    return value.kind === 'constant' ? value.tensor.type : value.type
  }

  /** Whether an input stands in the file as an initialiser. */
  isInitialiser(input: number): boolean {
    const value = this.#value(input)
    return value.kind === 'constant' && value.isInitialiser
  }

  /** The graph's name of an input of any type; '' for an absent one. */
  tensor(input: number): string {
    return this.has(input) ? this.#assembler.materialise(this.#node.inputs[input], false) : ''
  }

  /** The graph's name of a float32 input, '' for an absent one; a constant becomes a parameter. Refuses other types. */
  float(input: number, trainable = false): string {
    if (!this.has(input)) return ''
    const type = this.type(input)
    if (type !== 'float32') this.refuse(`its input '${this.#node.inputs[input]}' is ${type}; wanted float32`)
    return this.#assembler.materialise(this.#node.inputs[input], trainable)
  }

  /** `float`, where a constant is a weight: a parameter that an optimiser updates. */
  weight(input: number): string {
    return this.float(input, true)
  }

  /** The value of an input that must be known at import; undefined when it is absent. */
  known(input: number): OnnxTensor | undefined {
    if (!this.has(input)) return undefined
    const value = this.#value(input)
    if (value.kind === 'constant' && !isPartial(value.tensor)) return value.tensor
    return this.refuse(
      `its input '${this.#node.inputs[input]}' is known only at run time; bind it in the option inputs, or the dimensions it depends on in the option dims`,
    )
  }

  /** The integers of an input that must be known at import; undefined when it is absent. */
  integers(input: number): number[] | undefined {
    const tensor = this.known(input)
    return tensor === undefined ? undefined : Array.from(tensor.data as ArrayLike<number | bigint>, toSafe)
  }

  /** The integers that newer operator sets have as an input and older ones as an attribute; undefined when absent. */
  listed(name: string, input: number): readonly number[] | undefined {
    return this.attributes.ints(name) ?? this.integers(input)
  }

  /** `listed`, of what must be there. */
  listedOrFail(name: string, input: number): readonly number[] {
    const values = this.listed(name, input)
    if (values === undefined) throw new FormatError(`${this.where}: it has no ${name}, as an input or an attribute`)
    return values
  }

  /** The one number of an input that must be known at import; undefined when it is absent. */
  scalar(input: number): number | undefined {
    const values = this.known(input)
    if (values === undefined) return undefined
    if (values.data.length !== 1) {
      throw new FormatError(`${this.where}: input ${input} has ${values.data.length} elements, wanted one`)
    }
    return Number(values.data[0])
  }

  /** A known input that may be a shape of which only a part is known; its unknown elements as null. */
  partialIntegers(input: number): (number | null)[] {
    const value = this.#value(input)
    if (value.kind !== 'constant' || !isPartial(value.tensor)) return this.integers(input) ?? []
    return Array.from(value.tensor.data as BigInt64Array, (element) => (isUnknown(element) ? null : toSafe(element)))
  }

  /**
   * Adds the graph's node for this one. `inputs` are names of the graph, trailing absent ones may be there. `types`: what
   * the outputs' elements mean; default: as the first input, where that has the same dtype.
   */
  emit(
    op: ImportedOpName,
    inputs: readonly string[],
    attributes: NodeAttributes = {},
    types: readonly OnnxType[] = [],
  ): void {
    const names = this.#node.outputs.slice(0, this.outputCount)
    const outputs = names.map((name, i) => (name === '' ? this.#innerName(`${i}`) : name))
    const specs = this.#add(op, this.#label, inputs, outputs, attributes)
    for (const [i, spec] of specs.entries()) {
      const type = types[i] ?? this.#inheritedType(spec.dtype)
      this.#assembler.set(outputs[i], { kind: 'tensor', name: outputs[i], type, spec })
    }
  }

  /** Adds a node on the way to this one's and returns the name of its one output; `suffix` tells it from the others. */
  step(op: ImportedOpName, suffix: string, inputs: readonly string[], attributes: NodeAttributes): string {
    const name = this.#innerName(suffix)
    this.#add(op, `${this.#label}.${suffix}`, inputs, [name], attributes)
    return name
  }

  /** The graph's name of a constant that this node brings along. */
  constantTensor(suffix: string, tensor: OnnxTensor): string {
    const name = this.#innerName(suffix)
    this.#assembler.set(name, { kind: 'constant', tensor, isInitialiser: false })
    return this.#assembler.materialise(name, false)
  }

  /** Makes the first output another name of an input; `type` says what its elements mean, if not the same. */
  alias(input: number, type?: OnnxType): void {
    const value = this.#value(input)
    this.#assembler.set(
      this.#node.outputs[0],
      value.kind === 'tensor' && type !== undefined ? { ...value, type } : value,
    )
  }

  /** Makes an output a constant. */
  constant(tensor: OnnxTensor, output = 0): void {
    this.#assembler.set(this.#node.outputs[output], { kind: 'constant', tensor, isInitialiser: false })
  }

  /** The node, as messages call it. */
  get where(): string {
    return describeNode(this.#node)
  }

  /** Ends the import of this node: the graph cannot express it. */
  refuse(reason: string): never {
    throw new UnsupportedError(`${this.where}: ${reason}`)
  }

  /** What the graph calls the node. */
  get #label(): string {
    return this.#node.name === '' ? this.#firstOutput : this.#node.name
  }

  get #firstOutput(): string {
    return this.#node.outputs.find((name) => name !== '') ?? ''
  }

  /** A name for a tensor that the model does not have. */
  #innerName(suffix: string): string {
    return this.#assembler.unusedName(`${this.#firstOutput}.${suffix}`)
  }

  #add(
    op: ImportedOpName,
    label: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: NodeAttributes,
  ): TensorSpec[] {
    const given: Record<string, AttributeValue> = {}
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) given[key] = value
    const last = inputs.findLastIndex((name) => name !== '')
    return this.#assembler.emit(op, label, inputs.slice(0, last + 1), outputs, given)
  }

  /** The type of the first input where the graph holds it in `dtype`, else `dtype`. */
  #inheritedType(dtype: DType): OnnxType {
    if (!this.has(0)) return dtype
    const first = this.#value(0)
    if (first.kind === 'tensor') return first.spec.dtype === dtype ? first.type : dtype
    return engineType(first.tensor.type) === dtype ? first.tensor.type : dtype
  }

  #value(input: number): Exclude<Value, { kind: 'refused' }> {
    const name = this.#node.inputs[input] ?? ''
    if (name === '') throw new FormatError(`${this.where}: its input ${input} is missing`)
    const value = this.#assembler.value(name)
    if (value.kind === 'refused') throw new UnsupportedError(`'${name}' is made by a node that was refused`)
    return value
  }
}
