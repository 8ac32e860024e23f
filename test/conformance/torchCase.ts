import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type FloatTensor, Tensor, tensor } from '../../engine/index.ts'
import { readNpy } from '../support/npy.ts'

/** A case that asks for something the library does not have: it is listed, not failed. */
export class UnsupportedCase extends Error {
  override name = 'UnsupportedCase'
}

/** The attributes of a case. What no one has read by the end was not understood. */
export class CaseAttributes {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #unread: Set<string>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
    this.#unread = new Set(Object.keys(values))
    this.#unread.delete('note')
  }

  /** The value of an attribute, or `fallback` where the case does not give it. */
  get<T>(name: string, fallback: T): T {
    this.#unread.delete(name)
    const value = this.#values[name]
    return value === undefined || value === null ? fallback : (value as T)
  }

  /** Throws `UnsupportedCase` if the attribute is there with another value. */
  expect(name: string, value: unknown): void {
    const given = this.get(name, value)
    if (given !== value) throw new UnsupportedCase(`attribute ${name} is ${JSON.stringify(given)}`)
  }

  /** Throws `UnsupportedCase` if an attribute was not read. */
  done(): void {
    if (this.#unread.size > 0) throw new UnsupportedCase(`attributes not known here: ${[...this.#unread].join(', ')}`)
  }
}

/** One folder of ../shared/conformance/torch, read. */
export class TorchCase {
  readonly name: string
  readonly op: string
  readonly attributes: CaseAttributes
  readonly #tensors = new Map<string, Tensor>()

  /** Reads `case.json` and every tensor it names. Float tensors that the case has a gradient of will require one. */
  constructor(folder: string) {
    const content = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as {
      op: string
      attributes: Record<string, unknown>
      tensors: Record<string, { file: string; shape: number[] }>
    }
    this.name = basename(folder)
    this.op = content.op
    this.attributes = new CaseAttributes(content.attributes)
    for (const [name, { file, shape }] of Object.entries(content.tensors)) {
      const { dtype, data } = readNpy(join(folder, file))
      // The files hold scalars as one-element vectors; case.json has the true shape.
      const value =
        dtype === 'float32'
          ? new Tensor('float32', shape, data, content.tensors[`grad_${name}`] !== undefined)
          : tensor(data, shape, { dtype: 'int32' })
      this.#tensors.set(name, value)
    }
  }

  /** The names of all tensors. */
  get names(): string[] {
    return [...this.#tensors.keys()]
  }

  /** Whether the case has a tensor of this name. */
  has(name: string): boolean {
    return this.#tensors.has(name)
  }

  /** A float32 tensor by name. */
  float(name: string): FloatTensor {
    const value = this.#tensors.get(name)
    if (value?.dtype !== 'float32') throw new UnsupportedCase(`there is no float32 tensor '${name}'`)
    return value as FloatTensor
  }

  /** A tensor of integers by name, as int32. */
  integers(name: string): Tensor<'int32'> {
    const value = this.#tensors.get(name)
    if (value?.dtype !== 'int32') throw new UnsupportedCase(`there is no integer tensor '${name}'`)
    return value as Tensor<'int32'>
  }

  /** A float32 tensor by name, or null. */
  optional(name: string): FloatTensor | null {
    return this.has(name) ? this.float(name) : null
  }
}
