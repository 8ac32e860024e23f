import { FormatError } from '../../engine/base/errors.ts'
import type { AttributeValue } from '../../engine/graph/graph.ts'
import type { OnnxAttribute, OnnxTensor } from './model.ts'

/** The kind of an attribute, as onnx.proto tags it. */
export type AttributeKind = Exclude<OnnxAttribute['kind'], 'unsupported'>

/** The value of each kind. */
type AttributeValues = { [K in AttributeKind]: Extract<OnnxAttribute, { kind: K }>['value'] }

/**
 * The attributes of a node, by kind. Reading one with another kind throws `FormatError`. A float attribute is read as the
 * shortest decimal that rounds to the float32 in the file: 0.1 was written as 0.1, not as 0.10000000149011612.
 */
export class OnnxAttributes {
  readonly #map: ReadonlyMap<string, OnnxAttribute>
  readonly #where: string

  /** `where` is what messages call the node. */
  constructor(map: ReadonlyMap<string, OnnxAttribute>, where: string) {
    this.#map = map
    this.#where = where
  }

  /** Whether the node has it. */
  has(name: string): boolean {
    return this.#map.has(name)
  }

  int(name: string, absent: number): number {
    return this.#get(name, 'int') ?? absent
  }

  ints(name: string): readonly number[] | undefined {
    return this.#get(name, 'ints')
  }

  float(name: string, absent: number): number {
    const value = this.#get(name, 'float')
    return value === undefined ? absent : shortestDecimal(value)
  }

  string(name: string, absent: string): string {
    return this.#get(name, 'string') ?? absent
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.#get(name, 'tensor')
  }

  floats(name: string): readonly number[] | undefined {
    return this.#get(name, 'floats')
  }

  /** Those of `names` that the node has, as a graph's attributes. Strings, tensors and lists of them have other readers. */
  given(...names: readonly string[]): Record<string, AttributeValue> {
    const result: Record<string, AttributeValue> = {}
    for (const name of names) {
      const attribute = this.#map.get(name)
      if (attribute === undefined) continue
      if (attribute.kind === 'float') result[name] = shortestDecimal(attribute.value)
      else if (attribute.kind === 'int' || attribute.kind === 'ints' || attribute.kind === 'string') {
        result[name] = attribute.value
      } else throw new FormatError(`${this.#where}: attribute '${name}' is of kind ${attribute.kind}`)
    }
    return result
  }

  #get<K extends AttributeKind>(name: string, kind: K): AttributeValues[K] | undefined {
    const attribute = this.#map.get(name)
    if (attribute === undefined) return undefined
    if (attribute.kind !== kind) {
      throw new FormatError(`${this.#where}: attribute '${name}' is of kind ${attribute.kind}, wanted ${kind}`)
    }
    return attribute.value as AttributeValues[K]
  }
}

/** The double nearest to the shortest decimal that rounds to the float32 `x`: 0.8999999761581421 gives 0.9. */
export function shortestDecimal(x: number): number {
  if (!Number.isFinite(x)) return x
  // Nine significant digits tell every float32 from its neighbours.
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(x.toPrecision(digits))
    if (Math.fround(candidate) === x) return candidate
  }
  return x
}
