import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../model.ts'

/** The attributes of a node to write, by name. */
export type WrittenAttributes = Readonly<Record<string, OnnxAttribute>>

/** An integer attribute. */
export const int = (value: number): OnnxAttribute => ({ kind: 'int', value })
/** A list of integers as an attribute. */
export const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value })
/** A number as an attribute; the file holds it as float32. */
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value: Math.fround(value) })
/** A text attribute. */
export const text = (value: string): OnnxAttribute => ({ kind: 'string', value })

/** One float32 without dimensions. */
export const floatScalar = (value: number): OnnxTensor => ({
  type: 'float32',
  dims: [],
  data: Float32Array.of(value),
})
/** float32 values as a vector. */
export const floatVector = (values: ArrayLike<number>): OnnxTensor => ({
  type: 'float32',
  dims: [values.length],
  data: Float32Array.from(values),
})
/** Integers as a vector of int64: what ONNX takes shapes and axes in. */
export const int64Vector = (values: readonly number[]): OnnxTensor => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, (value) => BigInt(value)),
})

/** IR version that came with an opset version (onnx, docs/Versioning.md); runtimes refuse a newer one than they know. */
function irVersionOf(opset: number): number {
  if (opset <= 18) return 8
  if (opset <= 20) return 9
  if (opset <= 22) return 10
  return 11
}

/** `base`, or `base` with the first number that makes it new; in `names` from now on. */
function reserve(base: string, names: Set<string>): string {
  let name = base
  for (let i = 2; names.has(name); i++) name = `${base}_${i}`
  names.add(name)
  return name
}

/** What a node may have beside operator, inputs and outputs. */
export interface NodeOptions {
  /** Default: its first output's and its operator's. A name that another node has gets a number: runtimes want them unique. */
  readonly name?: string
  readonly attributes?: WrittenAttributes
  /** Default: the standard set. */
  readonly domain?: string
}

/** Collects the nodes and constants of a model that is being written, keeps names unique and counts up the opset. */
export class ModelWriter {
  readonly #names: Set<string>
  readonly #nodeNames = new Set<string>()
  readonly #initialisers = new Map<string, OnnxTensor>()
  readonly #nodes: OnnxNode[] = []
  readonly #domains = new Map<string, number>()
  #opset: number

  /** `opset`: the least version of the standard set; `names` are taken already. */
  constructor(opset: number, names: Iterable<string>) {
    this.#opset = opset
    this.#names = new Set(names)
  }

  /** Something that follows needs at least this version of the standard set. */
  needsOpset(version: number): void {
    this.#opset = Math.max(this.#opset, version)
  }

  /** `base`, or `base` with a number where a tensor has that name; taken from now on. */
  unusedName(base: string): string {
    return reserve(base, this.#names)
  }

  /** Adds a constant under its very name, which the caller has reserved. */
  initialiser(name: string, tensor: OnnxTensor): string {
    this.#initialisers.set(name, tensor)
    return name
  }

  /** Adds a constant under an unused name; returns the name. */
  constant(base: string, tensor: OnnxTensor): string {
    return this.initialiser(this.unusedName(base), tensor)
  }

  /** Adds a node. Absent inputs at the end ('') are left out, as ONNX does. */
  node(op: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions = {}): void {
    const { name = `${outputs[0]}/${op}`, attributes = {}, domain = '' } = options
    let count = inputs.length
    while (count > 0 && inputs[count - 1] === '') count--
    if (domain !== '') this.#domains.set(domain, 1)
    this.#nodes.push({
      name: reserve(name, this.#nodeNames),
      op,
      domain,
      inputs: inputs.slice(0, count),
      outputs,
      attributes: new Map(Object.entries(attributes)),
    })
  }

  /** The model. */
  finish(
    name: string,
    inputs: readonly OnnxValueInfo[],
    outputs: readonly OnnxValueInfo[],
    metadata: ReadonlyMap<string, string>,
  ): OnnxModel {
    return {
      irVersion: irVersionOf(this.#opset),
      opsets: new Map([['', this.#opset], ...this.#domains]),
      producerName: 'quant-trim',
      producerVersion: '',
      metadata,
      graph: { name, inputs, outputs, initialisers: this.#initialisers, nodes: this.#nodes },
    }
  }
}
