import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { Shape } from '../../../engine/base/shape.ts'
import { OnnxAttributes } from '../attributes.ts'
import { describeNode } from '../describeNode.ts'
import type { OnnxNode, OnnxTensor } from '../model.ts'
import type { QuantisedGraph } from './graph.ts'
import { type Operation, type QuantisedValue, type Tensor, unlimited, type View, wholeView } from './tensors.ts'

/** A tensor of codes, or of the real numbers that they stand for. */
export type Coded = Tensor & { kind: 'codes' | 'real' }

/**
 * One ONNX node on its way into a quantised graph. Inputs are given by position; what cannot be expressed ends in
 * `refuse`.
 */
export class NodeReader {
  readonly graph: QuantisedGraph
  readonly attributes: OnnxAttributes
  /** The node as messages call it. */
  readonly where: string
  /** The node's name, or its first output's. */
  readonly name: string
  readonly #node: OnnxNode

  constructor(graph: QuantisedGraph, node: OnnxNode) {
    this.graph = graph
    this.#node = node
    this.where = describeNode(node)
    this.name = node.name || node.outputs[0]
    this.attributes = new OnnxAttributes(node.attributes, this.where)
  }

  /** How many inputs the node lists. */
  get inputCount(): number {
    return this.#node.inputs.length
  }

  /** The name of the first output. */
  get output(): string {
    return this.#node.outputs[0]
  }

  has(input: number): boolean {
    return (this.#node.inputs[input] ?? '') !== ''
  }

  tensor(input: number): Tensor {
    if (!this.has(input)) throw new FormatError(`its input ${input} is missing`)
    return this.graph.tensor(this.#node.inputs[input])
  }

  /** The name of an input. */
  inputName(input: number): string {
    return this.#node.inputs[input] ?? ''
  }

  /** An input that must be a constant. */
  constant(input: number): OnnxTensor {
    const tensor = this.tensor(input)
    return tensor.kind === 'constant'
      ? tensor.tensor
      : this.refuse(`its input '${this.inputName(input)}' is computed; wanted a constant`)
  }

  /** The same where the input may be absent. */
  optionalConstant(input: number): OnnxTensor | null {
    return this.has(input) ? this.constant(input) : null
  }

  /** The numbers of a constant input, such as a shape; undefined where it is absent. */
  numbers(input: number): number[] | undefined {
    const tensor = this.optionalConstant(input)
    return tensor === null ? undefined : Array.from(tensor.data as ArrayLike<number | bigint>, Number)
  }

  /**
   * An input that is codes, or real numbers that codes stand for: 'codes' behind QuantizeLinear, 'real' behind
   * DequantizeLinear.
   */
  coded(input: number, kind: 'codes' | 'real'): Coded {
    const tensor = this.tensor(input)
    if (tensor.kind === kind) return tensor as Coded
    const [name, wanted] = [this.inputName(input), kind === 'codes' ? 'QuantizeLinear' : 'DequantizeLinear']
    const what = tensor.kind === 'constant' || tensor.kind === 'dequantised' ? 'a constant' : 'not quantised'
    return this.refuse(`its input '${name}' is ${what}; wanted activations behind ${wanted}`)
  }

  /** The codes behind a real input in the shape that the file gives them. */
  real(input: number): QuantisedValue {
    const { value, view } = this.coded(input, 'real')
    return this.graph.viewed(value, view)
  }

  /** An operation of this node on real inputs; `shape` is the result's without the batch. */
  operation(
    op: Operation['op'],
    inputs: readonly QuantisedValue[],
    shape: Shape,
    rest: Partial<Pick<Operation, 'attributes' | 'clamp' | 'layer'>> = {},
  ): Operation {
    return { op, name: this.name, inputs, shape, attributes: {}, clamp: unlimited, ...rest }
  }

  /** Makes the output real numbers that are still to be quantised. */
  unquantised(operation: Operation, view: View = wholeView(operation.shape)): void {
    this.define({ kind: 'unquantised', operation, view })
  }

  /** Makes the output the result of an operation that hands on its first input's quantiser. */
  handOn(operation: Operation, kind: 'codes' | 'real'): void {
    const value = this.graph.add(operation, operation.inputs[0].quantiser, this.output, true)
    this.define({ kind, value, view: wholeView(value.shape) })
  }

  /** What the first output stands for. */
  define(tensor: Tensor): void {
    this.graph.define(this.output, tensor)
  }

  /** Throws `UnsupportedError` for an attribute that is not among these. */
  allow(...names: readonly string[]): void {
    for (const name of this.#node.attributes.keys()) {
      if (!names.includes(name)) this.refuse(`its attribute '${name}' is not read here`)
    }
  }

  refuse(reason: string): never {
    throw new UnsupportedError(reason)
  }
}
