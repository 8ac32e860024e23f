/**
 * An ONNX model in memory: what the codec reads and writes, the importer takes and the exporter makes. Names follow onnx.proto
 * where it names something; numbers are numbers, and 64-bit integers are BigInt only inside tensors.
 */

/** Element types, named as in ONNX Runtime; those it does not name, by their name in onnx.proto. */
export type OnnxType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'int4'
  | 'uint4'
  | 'int2'
  | 'uint2'
  | 'bool'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float4e2m1'

/** The array that holds the elements of a type: one element each, also where the file packs several in a byte. */
export interface OnnxArrays {
  float32: Float32Array
  float64: Float64Array
  /** The values, each of which a float16 represents exactly; so for the other formats below 32 bits. */
  float16: Float32Array
  bfloat16: Float32Array
  int8: Int8Array
  uint8: Uint8Array
  int16: Int16Array
  uint16: Uint16Array
  int32: Int32Array
  uint32: Uint32Array
  int64: BigInt64Array
  uint64: BigUint64Array
  int4: Int8Array
  uint4: Uint8Array
  int2: Int8Array
  uint2: Uint8Array
  /** 0 or 1. */
  bool: Uint8Array
  float8e4m3fn: Float32Array
  float8e4m3fnuz: Float32Array
  float8e5m2: Float32Array
  float8e5m2fnuz: Float32Array
  float4e2m1: Float32Array
}

/** A tensor with its values; row-major. A scalar has `dims` []. */
export type OnnxTensor = {
  [T in OnnxType]: { readonly type: T; readonly dims: readonly number[]; readonly data: OnnxArrays[T] }
}[OnnxType]

/** The value of an attribute, as tagged as it is in the file. Integers lie within ±2^53. */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  /** A kind that nothing here reads (graphs, sparse tensors, types); kept so that an operator that has one can be refused. */
  | { readonly kind: 'unsupported'; readonly value: string }

/** One operation. '' among the inputs is an absent optional input, among the outputs one that nobody wants. */
export interface OnnxNode {
  /** May be empty and need not be unique: a label. */
  readonly name: string
  readonly op: string
  /** '' is the standard set. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
}

/** A graph input or output. */
export interface OnnxValueInfo {
  readonly name: string
  /** null: the file does not say, or says something that is no tensor. */
  readonly type: OnnxType | null
  /** null: the rank is not given; a string or null in it: an extent that is only named, or not given. */
  readonly dims: readonly (number | string | null)[] | null
}

/** The graph of a model, nodes in topological order. */
export interface OnnxGraph {
  readonly name: string
  /** Without the initialisers, which older files list here too. */
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  readonly initialisers: ReadonlyMap<string, OnnxTensor>
  readonly nodes: readonly OnnxNode[]
}

/** A model file. */
export interface OnnxModel {
  readonly irVersion: number
  /** Version by domain; '' is the standard set. */
  readonly opsets: ReadonlyMap<string, number>
  readonly producerName: string
  readonly producerVersion: string
  readonly metadata: ReadonlyMap<string, string>
  readonly graph: OnnxGraph
}
