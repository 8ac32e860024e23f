import fc from 'fast-check'
import { encodeSafetensors, type StoredTensor } from '../../engine/base/safetensors.ts'
import type { IntegerProgram, ProgramConstants } from '../../quant/integer/program.ts'
import { dtypeOf, PROGRAM_FORMAT } from '../../quant/integer/programFile.ts'

/** Something done to a file. */
interface Damage {
  damage(bytes: Uint8Array): Uint8Array
}

/** Something done to a program on its way to a file, or to the file. */
interface Mutation extends Partial<Damage> {
  change?(header: unknown, tensors: Map<string, StoredTensor>): void
}

/** Numbers at which something changes, and numbers nobody means. */
const numbers = fc.oneof(
  fc.integer({ min: -3, max: 40 }),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(
    127,
    128,
    255,
    256,
    2 ** 15,
    2 ** 16,
    2 ** 24,
    2 ** 30,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53,
  ),
  fc.constantFrom(0.5, 1e-3, 1e-40, 1e-310, 1e9, 1e20, 1e38, 1e300, -1e300, 2 ** -126, 2 ** 64),
  fc.integer({ min: -126, max: 64 }).map((exponent) => 2 ** exponent),
)
const others = fc.constantFrom<unknown>(null, true, '', 'image', 'q31', 'qdq', [], {}, [1, 2], '__proto__')

/** Every place in a tree of objects and lists, as (container, key). */
function places(node: unknown, found: [Record<string, unknown>, string][] = []): [Record<string, unknown>, string][] {
  if (typeof node !== 'object' || node === null) return found
  for (const key of Object.keys(node)) {
    found.push([node as Record<string, unknown>, key])
    places((node as Record<string, unknown>)[key], found)
  }
  return found
}

const pick = fc.nat(2 ** 20)

const inHeader: fc.Arbitrary<Mutation> = fc.oneof(
  // A number, or anything, in place of what is there.
  fc.tuple(pick, fc.oneof({ weight: 4, arbitrary: numbers }, { weight: 1, arbitrary: others })).map(([at, value]) => ({
    change(header: unknown) {
      const all = places(header).filter(([node, key]) => typeof value !== 'number' || typeof node[key] === 'number')
      const [node, key] = all[at % all.length]
      node[key] = value
    },
  })),
  // One more or less, twice or half.
  fc
    .tuple(
      pick,
      fc.constantFrom(
        (x: number) => x + 1,
        (x: number) => x - 1,
        (x: number) => 2 * x,
        (x: number) => x / 2,
        (x: number) => -x,
      ),
    )
    .map(([at, f]) => ({
      change(header: unknown) {
        const all = places(header).filter(([node, key]) => typeof node[key] === 'number')
        const [node, key] = all[at % all.length]
        node[key] = f(node[key] as number)
      },
    })),
  // What stands under the same name elsewhere: another shape, arithmetic, input, order.
  fc.tuple(pick, pick).map(([at, from]) => ({
    change(header: unknown) {
      const all = places(header)
      const [node, key] = all[at % all.length]
      const same = all.filter(([, other]) => other === key)
      const [source] = same[from % same.length]
      node[key] = structuredClone(source[key])
    },
  })),
  // A field or item less, or an item twice.
  fc.tuple(pick, fc.boolean()).map(([at, twice]) => ({
    change(header: unknown) {
      const all = places(header)
      const [node, key] = all[at % all.length]
      if (!Array.isArray(node)) delete node[key]
      else if (twice) node.push(structuredClone(node[Number(key)]))
      else node.splice(Number(key), 1)
    },
  })),
)

const inConstants: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(pick, pick, numbers).map(([at, index, value]) => ({
    change(_: unknown, tensors: Map<string, StoredTensor>) {
      const [, { data }] = [...tensors][at % tensors.size]
      data[index % data.length] = value
    },
  })),
  fc.tuple(pick, fc.integer({ min: -2, max: 2 }), fc.boolean()).map(([at, more, retype]) => ({
    change(_: unknown, tensors: Map<string, StoredTensor>) {
      const [name, { data }] = [...tensors][at % tensors.size]
      const longer = new Int8Array(Math.max(0, data.length + more))
      const isBytes = !(data instanceof Int32Array)
      if (isBytes || retype) tensors.set(name, { dtype: 'int8', shape: [longer.length], data: longer })
      else tensors.delete(name)
    },
  })),
)

const inFile: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(pick, fc.nat(255)).map(([at, value]) => ({
    damage(bytes: Uint8Array) {
      bytes[at % bytes.length] = value
      return bytes
    },
  })),
  fc.tuple(fc.nat(40), fc.nat(255)).map(([at, value]) => ({
    damage(bytes: Uint8Array) {
      bytes[at % bytes.length] = value
      return bytes
    },
  })),
  pick.map((at) => ({ damage: (bytes: Uint8Array) => bytes.slice(0, at % bytes.length) })),
  // A digit of the header for another: stays JSON, mostly.
  fc.tuple(pick, fc.nat(9)).map(([at, digit]) => ({
    damage(bytes: Uint8Array) {
      const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
      const next = bytes.subarray(at % bytes.length).findIndex(isDigit)
      bytes[next < 0 ? bytes.findIndex(isDigit) : (at % bytes.length) + next] = 0x30 + digit
      return bytes
    },
  })),
)

/** A program, its header as text. */
interface Source {
  readonly text: string
  readonly constants: ProgramConstants
}

/** The bytes of a program that has been changed. */
function fileOf({ text, constants }: Source, mutations: readonly Mutation[]): Uint8Array {
  const copy: unknown = JSON.parse(text)
  const tensors = new Map<string, StoredTensor>()
  for (const [name, data] of constants) {
    tensors.set(name, { dtype: dtypeOf(data), shape: [data.length], data: data.slice() })
  }
  for (const { change } of mutations) change?.(copy, tensors)
  let bytes = encodeSafetensors(tensors, { format: PROGRAM_FORMAT, program: JSON.stringify(copy) })
  for (const { damage } of mutations) bytes = damage?.(bytes) ?? bytes
  return bytes
}

/** Files of programs with one to three things wrong. */
export function damagedFiles(programs: readonly IntegerProgram[]): fc.Arbitrary<Uint8Array> {
  const mutation = fc.oneof(
    { weight: 6, arbitrary: inHeader },
    { weight: 2, arbitrary: inConstants },
    { weight: 2, arbitrary: inFile },
  )
  const sources = programs.map(({ header, constants }) => ({ text: JSON.stringify(header), constants }))
  return fc
    .tuple(fc.nat(programs.length - 1), fc.array(mutation, { minLength: 1, maxLength: 3, size: 'max' }))
    .map(([index, mutations]) => fileOf(sources[index], mutations))
}

/** Files with one to three bytes changed, cut off or put in twice. */
export function damagedBytes(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const twice: fc.Arbitrary<Damage> = fc.tuple(pick, fc.integer({ min: 1, max: 40 })).map(([at, count]) => ({
    damage(bytes: Uint8Array) {
      const from = at % bytes.length
      return Uint8Array.from([...bytes.subarray(0, from + count), ...bytes.subarray(from)])
    },
  }))
  const mutation = fc.oneof({ weight: 4, arbitrary: inFile }, { weight: 1, arbitrary: twice })
  return fc
    .tuple(fc.nat(files.length - 1), fc.array(mutation, { minLength: 1, maxLength: 3, size: 'max' }))
    .map(([index, mutations]) =>
      mutations.reduce<Uint8Array>((bytes, { damage }) => damage(bytes), files[index].slice()),
    )
}
