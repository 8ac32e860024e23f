/** Protocol buffers written by hand, apart from the library's own writer. */

/** The bytes of a non-negative integer, seven bits each, lowest first. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 128 : low)
  } while (rest > 0n)
  return bytes
}

/** An integer field; a negative one takes its 64 bits in two's complement. */
export function int(number: number, value: number | bigint): number[] {
  return [...varint(number * 8), ...varint(BigInt.asUintN(64, BigInt(value)))]
}

/** A field of bytes, a text or a message. */
export function block(number: number, content: string | readonly number[]): number[] {
  const bytes = typeof content === 'string' ? [...new TextEncoder().encode(content)] : content
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes]
}

/** A ValueInfoProto: a tensor of a type (a number of TensorProto.DataType) and extents. */
export function valueInfo(name: string, type: number, dims: readonly (number | string)[]): number[] {
  const shape = dims.flatMap((dim) => block(1, typeof dim === 'number' ? int(1, dim) : block(2, dim)))
  return [...block(1, name), ...block(2, block(1, [...int(1, type), ...block(2, shape)]))]
}

/** A NodeProto. */
export function node(op: string, inputs: string[], outputs: string[], ...rest: number[][]): number[] {
  return [
    ...inputs.flatMap((name) => block(1, name)),
    ...outputs.flatMap((name) => block(2, name)),
    ...block(4, op),
    ...rest.flat(),
  ]
}

/** A ModelProto of IR version 8 and operator set 17 around the fields of a GraphProto. */
export function model(...graph: number[][]): Uint8Array {
  return Uint8Array.from([...int(1, 8), ...block(7, graph.flat()), ...block(8, int(2, 17))])
}
