import { sizeOf } from '../../engine/base/shape.ts'
import { floatsByName, type ProgramHeader, valuesByName } from './program.ts'
import { type Storage, storageBytes, storedValue } from './storage.ts'

/** Which buffer holds each value. Buffers are reused once a value is read for the last time. */
export interface MemoryPlan {
  readonly bufferOf: ReadonlyMap<string, number>
  /** Elements per image that each buffer must hold. */
  readonly sizes: readonly number[]
  /** The type of each buffer's elements. */
  readonly storages: readonly Storage[]
}

/** The bytes per image of all buffers. Example: 6 codes of 8 bits and 2 real numbers: 14. */
export function planBytes({ sizes, storages }: MemoryPlan): number {
  return sizes.reduce((bytes, size, i) => bytes + size * storageBytes[storages[i]], 0)
}

/**
 * Assigns buffers by liveness, first fit by size: a value takes the free buffer of its type that is nearest in size, or a new one. A
 * reshape's output is its input's buffer. The program's output stays until the end.
 * Example: a chain of three layers on equal shapes needs two buffers.
 */
export function planMemory(header: ProgramHeader): MemoryPlan {
  const values = valuesByName(header)
  const floats = floatsByName(header)
  const sizeOfValue = (name: string): number => sizeOf((values.get(name) ?? floats.get(name))?.shape ?? [])
  const storageOf = (name: string): Storage => {
    const value = values.get(name)
    return value === undefined ? 'float32' : storedValue(value).storage
  }
  // Values that share memory are one: `root` leads from a reshape's output to what it renames.
  const root = new Map<string, string>()
  const rootOf = (name: string): string => root.get(name) ?? name
  const lastUse = new Map<string, number>()
  header.steps.forEach((step, index) => {
    if (step.op === 'reshape') root.set(step.output, rootOf(step.inputs[0]))
    for (const name of step.inputs) lastUse.set(rootOf(name), index)
  })
  lastUse.set(rootOf(header.output), header.steps.length)

  const sizes: number[] = []
  const storages: Storage[] = []
  const free = new Set<number>()
  const bufferOf = new Map<string, number>()
  const place = (name: string): void => {
    const size = sizeOfValue(name)
    const storage = storageOf(name)
    let best = -1
    for (const candidate of free) {
      if (storages[candidate] !== storage) continue
      if (best === -1 || Math.abs(sizes[candidate] - size) < Math.abs(sizes[best] - size)) best = candidate
    }
    if (best === -1) {
      best = sizes.push(size) - 1
      storages.push(storage)
    }
    free.delete(best)
    sizes[best] = Math.max(sizes[best], size)
    bufferOf.set(name, best)
  }
  place(header.input.value)
  header.steps.forEach((step, index) => {
    if (step.op === 'reshape') bufferOf.set(step.output, bufferOf.get(rootOf(step.output)) as number)
    else place(step.output)
    for (const name of new Set([...step.inputs, step.output].map(rootOf))) {
      if ((lastUse.get(name) ?? index) === index) free.add(bufferOf.get(name) as number)
    }
  })
  return { bufferOf, sizes, storages }
}
