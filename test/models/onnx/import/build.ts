import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../../../../models/onnx/model.ts'

/** Attributes as a test writes them: a number with a fraction, or a `{ float }`, is a float, another one an int. */
export type AttributeInput = number | string | readonly number[] | OnnxTensor | { readonly float: number }

function attributeOf(value: AttributeInput): OnnxAttribute {
  if (typeof value === 'string') return { kind: 'string', value }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { kind: 'int', value } : { kind: 'float', value: Math.fround(value) }
  }
  if ('float' in value) return { kind: 'float', value: Math.fround(value.float) }
  return 'type' in value ? { kind: 'tensor', value } : { kind: 'ints', value }
}

/** A node; inputs and outputs as words: 'x w' and 'y', '_' for an absent one. */
export function node(
  op: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, AttributeInput>> = {},
  rest: Partial<OnnxNode> = {},
): OnnxNode {
  const names = (text: string): string[] =>
    text === '' ? [] : text.split(' ').map((name) => (name === '_' ? '' : name))
  return {
    name: '',
    op,
    domain: '',
    inputs: names(inputs),
    outputs: names(outputs),
    attributes: new Map(Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])),
    ...rest,
  }
}

/** A float32 tensor. */
export function float(values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor {
  return { type: 'float32', dims, data: Float32Array.from(values) }
}

/** An int64 tensor. */
export function int64(values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) }
}

/** A graph input or output of float32. */
export function info(
  name: string,
  dims: OnnxValueInfo['dims'],
  type: OnnxValueInfo['type'] = 'float32',
): OnnxValueInfo {
  return { name, type, dims }
}

/** A model of the standard set; `outputs` are names. */
export function model(
  parts: {
    readonly inputs?: readonly OnnxValueInfo[]
    readonly outputs: readonly string[]
    readonly initialisers?: Readonly<Record<string, OnnxTensor>>
    readonly nodes: readonly OnnxNode[]
  },
  opset = 18,
): OnnxModel {
  return {
    irVersion: 8,
    opsets: new Map([['', opset]]),
    producerName: 'test',
    producerVersion: '',
    metadata: new Map(),
    graph: {
      name: 'net',
      inputs: parts.inputs ?? [],
      outputs: parts.outputs.map((name) => info(name, null)),
      initialisers: new Map(Object.entries(parts.initialisers ?? {})),
      nodes: parts.nodes,
    },
  }
}
