import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import type { Tensor } from '../../../engine/core/tensor.ts'
import type { AttributeValue, GraphInput, GraphNode, ParameterSpec, Parameters } from '../../../engine/graph/graph.ts'
import { inferNode } from '../../../engine/graph/inferShapes.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'
import type { QuantisedGraph, QuantisedOpName } from '../../../quant/operators/names.ts'
import { operators } from '../../../quant/operators/table.ts'
import { engineType, toEngine } from '../elements.ts'
import type { OnnxTensor, OnnxType } from '../model.ts'

/** The name of an operator that an imported graph may hold. */
export type ImportedOpName = OpName | QuantisedOpName

/** What a name of the model stands for while its graph is being built. */
export type Value =
  /** Known at import. `isInitialiser`: it stands in the file as such, so that it may be a weight. */
  | { readonly kind: 'constant'; readonly tensor: OnnxTensor; readonly isInitialiser: boolean }
  /** A tensor of the graph. `type` says what its elements mean, where `spec.dtype` only holds them (int4 in int8). */
  | { readonly kind: 'tensor'; readonly name: string; readonly type: OnnxType; readonly spec: TensorSpec }
  /** Made by a node that was refused. */
  | { readonly kind: 'refused' }

/** A graph with the values of its parameters. */
export interface AssembledGraph {
  readonly graph: QuantisedGraph
  readonly parameters: Parameters
}

interface Parameter {
  readonly spec: ParameterSpec
  readonly value: Tensor
}

/** Collects the parts of a graph under the names of the model. A constant becomes a parameter when a node needs it. */
export class GraphAssembler {
  /** The graph's name, for messages. */
  readonly name: string
  readonly #values = new Map<string, Value>()
  readonly #inputs: GraphInput[] = []
  readonly #nodes: GraphNode<ImportedOpName>[] = []
  readonly #parameters = new Map<string, Parameter>()
  readonly #specs = new Map<string, TensorSpec>()
  readonly #nodeNames = new Set<string>()
  readonly #reserved: ReadonlySet<string>

  /** `reserved`: names of the model, which no other tensor may take. */
  constructor(name: string, reserved: Iterable<string> = []) {
    this.name = name
    this.#reserved = new Set(reserved)
  }

  /** What a name stands for. Throws `FormatError` for one that nothing has made. */
  value(name: string): Value {
    const value = this.#values.get(name)
    if (value === undefined) throw new FormatError(`graph ${this.name}: '${name}' is read before anything makes it`)
    return value
  }

  /** Whether a name stands for anything yet. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** `name`, or where the model or the graph has that already, `name` with a number. */
  unusedName(name: string): string {
    let unused = name
    for (let i = 1; this.#specs.has(unused) || this.#values.has(unused) || this.#reserved.has(unused); i++) {
      unused = `${name}.${i}`
    }
    return unused
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
  }

  /** A tensor that callers feed; int64 is fed as int32. */
  addInput(name: string, type: OnnxType, shape: SymbolicShape): void {
    const dtype = type === 'int64' ? 'int32' : engineType(type)
    if (dtype === null) {
      throw new UnsupportedError(`input '${name}' is ${type}, which the engine does not compute with`)
    }
    this.#inputs.push({ name, dtype, shape: [...shape] })
    this.#specs.set(name, { dtype, shape })
    this.set(name, { kind: 'tensor', name, type, spec: { dtype, shape } })
  }

  /** The graph's name of a value: its own, or for a constant that of the parameter that it becomes. */
  materialise(name: string, trainable: boolean): string {
    const value = this.value(name)
    if (value.kind === 'tensor') return value.name
    if (value.kind === 'refused') throw new UnsupportedError(`'${name}' is made by a node that was refused`)
    const before = this.#parameters.get(name)
    if (before === undefined) {
      const tensor = toEngine(value.tensor, `constant '${name}'`)
      const { dtype, shape } = tensor
      const spec: ParameterSpec = { name, shape, ...(dtype === 'float32' ? {} : { dtype }), trainable }
      this.#parameters.set(name, { spec, value: tensor })
      this.#specs.set(name, { dtype, shape })
    } else if (trainable && !before.spec.trainable) {
      this.#parameters.set(name, { spec: { ...before.spec, trainable }, value: before.value })
    }
    return name
  }

  /** Adds a node and returns what its outputs are. The inputs are names of the graph, '' for an absent one. */
  emit(
    op: ImportedOpName,
    label: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ): TensorSpec[] {
    let name = label
    for (let i = 1; this.#nodeNames.has(name); i++) name = `${label}.${i}`
    const node: GraphNode<ImportedOpName> = { name, op, inputs, outputs, attributes }
    const specs = inferNode(this.name, node, this.#specs, operators)
    this.#nodeNames.add(name)
    this.#nodes.push(node)
    for (const [i, spec] of specs.entries()) this.#specs.set(outputs[i], spec)
    return specs
  }

  /** The graph that computes `outputs`, by names of the model, without the nodes that nothing needs. */
  finish(outputs: readonly string[]): AssembledGraph {
    const renamed = this.#nameOutputs(outputs)
    const rename = (name: string): string => renamed.get(name) ?? name
    const needed = new Set(outputs)
    const nodes: GraphNode<ImportedOpName>[] = []
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i]
      const made = node.outputs.map(rename)
      if (!made.some((name) => needed.has(name))) continue
      const read = node.inputs.map(rename)
      for (const name of read) needed.add(name)
      nodes.push({ ...node, inputs: read, outputs: made })
    }
    nodes.reverse()
    const used = [...this.#parameters.values()].filter(({ spec }) => needed.has(spec.name))
    return {
      graph: {
        name: this.name,
        inputs: this.#inputs,
        outputs: [...outputs],
        nodes,
        parameters: used.map(({ spec }) => spec),
      },
      parameters: new Map(used.map(({ spec, value }) => [spec.name, value])),
    }
  }

  /**
   * How tensors are to be renamed so that each output has its name. An output that is only another name of something that
   * keeps its own (an input, a parameter, another output) becomes a Reshape to its own shape.
   */
  #nameOutputs(outputs: readonly string[]): Map<string, string> {
    const renamed = new Map<string, string>()
    const made = new Set(this.#nodes.flatMap((node) => node.outputs))
    for (const output of outputs) {
      const source = this.materialise(output, false)
      const isParameter = this.#parameters.has(source)
      if (source === output && !isParameter) continue
      if (made.has(source) && !outputs.includes(source) && !renamed.has(source)) renamed.set(source, output)
      else {
        const { shape } = this.#specs.get(source) as TensorSpec
        const from = source === output ? this.#moveParameter(source) : source
        this.emit('Reshape', output, [from], [output], { shape: shape.map(() => 0) })
      }
    }
    return renamed
  }

  /** Gives the name of a parameter free for the output that it is, and returns its new one. */
  #moveParameter(name: string): string {
    const { spec, value } = this.#parameters.get(name) as Parameter
    const moved = this.unusedName(`${name}.value`)
    this.#parameters.delete(name)
    this.#parameters.set(moved, { spec: { ...spec, name: moved }, value })
    this.#specs.set(moved, this.#specs.get(name) as TensorSpec)
    for (const [i, node] of this.#nodes.entries()) {
      this.#nodes[i] = { ...node, inputs: node.inputs.map((input) => (input === name ? moved : input)) }
    }
    return moved
  }
}
