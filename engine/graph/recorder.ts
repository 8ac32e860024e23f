import type { DType } from '../base/dtype.ts'
import { UsageError } from '../base/errors.ts'
import type { Shape, SymbolicShape } from '../base/shape.ts'
import type { OpName } from '../ops/names.ts'
import type { TensorSpec } from '../ops/op.ts'
import { ops } from '../ops/table.ts'
import { checkGraph } from './checkGraph.ts'
import type { AttributeValue, Graph, GraphInput, GraphNode, Initialiser, ParameterSpec } from './graph.ts'
import { inferNode } from './inferShapes.ts'
import { locate, type OperatorTable } from './operator.ts'

/** A tensor of the graph under construction: an opaque handle, good only for the builder that made it. */
export interface Value {
  readonly name: string
}

/** Attributes as a caller writes them: those that are undefined are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/**
 * What every graph builder is made of: it records inputs, parameters and nodes, gives them unique names and infers each
 * shape as it goes. A node's output has the node's name. `Name` are the operators that nodes may have.
 */
export class GraphRecorder<Name extends string = OpName> {
  /** The graph's name, for messages. */
  protected readonly graph: string
  readonly #operators: OperatorTable
  readonly #inputs: GraphInput[] = []
  readonly #parameters: ParameterSpec[] = []
  readonly #nodes: GraphNode<Name>[] = []
  readonly #specs = new Map<string, TensorSpec>()
  readonly #values = new WeakSet<Value>()
  readonly #counts = new Map<string, number>()
  #prefix = ''

  /** `operators`: the table that has every operator of the nodes to come; default the engine's. */
  constructor(name: string, operators: OperatorTable = ops) {
    this.graph = name
    this.#operators = operators
  }

  /** A tensor that the caller will feed; `null` for a dimension known only then (the batch). */
  input(name: string, shape: SymbolicShape, dtype: DType = 'float32'): Value {
    this.#define(name, { dtype, shape })
    this.#inputs.push({ name, dtype, shape: [...shape] })
    return this.#value(name)
  }

  /** A tensor that belongs to the model. `name` is relative to the scope. Trainable by default. */
  parameter(name: string, shape: Shape, initialiser: Initialiser, trainable = true): Value {
    const full = this.#prefix + name
    this.#define(full, { dtype: 'float32', shape })
    this.#parameters.push({ name: full, shape: [...shape], trainable, initialiser })
    return this.#value(full)
  }

  /** A tensor of any dtype that belongs to the model and is never trained, such as codes. All 0 until it is given. */
  constant(name: string, shape: Shape, dtype: DType): Value {
    const full = this.#prefix + name
    this.#define(full, { dtype, shape })
    this.#parameters.push({ name: full, shape: [...shape], dtype, trainable: false })
    return this.#value(full)
  }

  /**
   * One operation with any operator; `null` for an absent optional input. Returns its first output. Without `name` it is
   * called by its operator and a number: `softplus1`.
   */
  node(op: Name, inputs: readonly (Value | null)[], attributes: Attributes = {}, name?: string): Value {
    const full = this.#prefix + (name ?? this.unusedName(op[0].toLowerCase() + op.slice(1)))
    const given: Record<string, AttributeValue> = {}
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) given[key] = value
    const node: GraphNode<Name> = {
      name: full,
      op,
      inputs: inputs.map((input) => (input === null ? '' : this.#known(input).name)),
      outputs: [full],
      attributes: given,
    }
    const [spec] = inferNode(this.graph, node, this.#specs, this.#operators)
    this.#define(full, spec)
    this.#nodes.push(node)
    return this.#value(full)
  }

  /** Runs `body` with `name.` put before every node and parameter name: scopes nest. Graph inputs keep their names. */
  scope<T>(name: string, body: () => T): T {
    if (name === '') throw new UsageError(`graph ${this.graph}: a scope has an empty name`)
    const before = this.#prefix
    this.#prefix = `${before}${name}.`
    try {
      return body()
    } finally {
      this.#prefix = before
    }
  }

  /** `kind1`, `kind2`, ... : the first name of this kind that the current scope has not used. Relative to the scope. */
  protected unusedName(kind: string): string {
    const key = this.#prefix + kind
    let number = this.#counts.get(key) ?? 0
    do number++
    while (this.#specs.has(key + number))
    this.#counts.set(key, number)
    return kind + number
  }

  /** The dtype and shape of a value. */
  spec(value: Value): TensorSpec {
    return this.#specs.get(this.#known(value).name) as TensorSpec
  }

  /** The finished graph. `outputs`: what it computes, each under the name that callers shall see. */
  finish(outputs: readonly (readonly [name: string, value: Value])[]): Graph<Name> {
    const where = `graph ${this.graph}`
    const renamed = new Map<string, string>()
    for (const [name, value] of outputs) {
      const before = this.#known(value).name
      if (renamed.has(before)) throw new UsageError(`${where}: '${before}' is returned as two outputs`)
      if (name !== before) {
        if (!this.#nodes.some((node) => node.outputs[0] === before)) {
          throw new UsageError(`${where}: '${before}' cannot be renamed '${name}': no node makes it`)
        }
        if (this.#specs.has(name)) throw new UsageError(`${where}: the output name '${name}' is taken`)
      }
      renamed.set(before, name)
    }
    const rename = (name: string): string => renamed.get(name) ?? name
    const graph: Graph<Name> = {
      name: this.graph,
      inputs: this.#inputs,
      outputs: [...renamed.values()],
      nodes: this.#nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      parameters: this.#parameters,
    }
    checkGraph(graph, this.#operators)
    return graph
  }

  /** Where messages about a layer begin, its name completed by the scope. */
  protected where(name: string, op: Name): string {
    return locate(this.graph, { name: this.#prefix + name, op })
  }

  #define(name: string, spec: TensorSpec): void {
    const where = `graph ${this.graph}`
    if (name === '' || name.endsWith('.')) throw new UsageError(`${where}: a layer or tensor has an empty name`)
    if (this.#specs.has(name)) throw new UsageError(`${where}: two tensors are named '${name}'; give one another name`)
    this.#specs.set(name, spec)
  }

  #value(name: string): Value {
    const value: Value = Object.freeze({ name })
    this.#values.add(value)
    return value
  }

  #known(value: Value): Value {
    if (this.#values.has(value)) return value
    throw new UsageError(`graph ${this.graph}: '${value?.name}' is a value of another graph`)
  }
}
