import { allocate, type DType } from '../base/dtype.ts'
import { type Shape, sizeOf } from '../base/shape.ts'
import { type Kernels, plainKernels } from '../kernels/index.ts'
import type { Executor } from '../simd/executor.ts'
import { simdKernels } from '../simd/kernels.ts'
import type { SimdMemory } from '../simd/memory.ts'
import { createSimdMemory } from '../simd/simd.ts'
import { Arena, current } from './arena.ts'
import { Tensor } from './tensor.ts'

/** What an operator computes with: which kernels, and where results are stored. */
export interface Context {
  readonly kernels: Kernels
  /** The memory of the SIMD kernels; null with the plain ones. */
  readonly memory: SimdMemory | null
  /** What tensors are made for, in messages: the operator that runs. */
  label: string
  /** A tensor for a kernel to write: every element must be written, its first content is not defined. */
  empty<D extends DType = 'float32'>(shape: Shape, dtype?: D): Tensor<D>
}

/** Which kernels to compute with; every choice gives the same bits. */
export interface KernelChoice {
  /** 'simd' where WebAssembly SIMD exists and may be compiled, else the plain ones, silently; 'plain': TypeScript. */
  readonly kernels: 'simd' | 'plain'
  /** Bytes for the SIMD kernels and the scopes; default 1 GiB, reserved but not touched until used. */
  readonly bytes?: number
  /** Computes with several threads, for example a pool of `createPool`; default: this thread alone. */
  readonly executor?: Executor
}

let kernels: Kernels | null = null
let memory: SimdMemory | null = null

/**
 * Chooses the kernels of all later operations. Without a call the first operation chooses 'simd'. Throws `ShapeError`
 * inside a scope, whose tensors would lose their memory.
 */
export function useKernels(choice: KernelChoice): void {
  current.arena?.assertIdle('useKernels')
  memory = choice.kernels === 'simd' ? createSimdMemory(choice) : null
  kernels = memory === null ? plainKernels : simdKernels(memory)
  if (kernels === plainKernels) memory = null
  current.arena = memory === null ? null : new Arena(memory)
}

/** The context that every operation uses. */
export const context: Context = {
  label: 'tensor',
  get kernels(): Kernels {
    if (kernels === null) useKernels({ kernels: 'simd' })
    return kernels as Kernels
  },
  get memory(): SimdMemory | null {
    return memory
  },
  empty<D extends DType = 'float32'>(shape: Shape, dtype?: D): Tensor<D> {
    const type = (dtype ?? 'float32') as D
    const { arena } = current
    const data = arena?.inScope ? arena.allocate(type, shape, context.label) : allocate(type, sizeOf(shape))
    return new Tensor(type, shape, data)
  },
}

/** What a scope may return beside values without tensors: these are copied out of it. */
type Escaping = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>

/**
 * Runs `body`; the results of its operations are stored in the kernels' own memory, which is given back as a whole when
 * it ends. A tensor that `body` returns, alone, in an array or in a record, is copied out; any other tensor made inside
 * must not be used afterwards, and throws when it is. Scopes nest. With the plain kernels it just runs `body`.
 * @example const loss = scope(() => { const l = step(batch); l.backward(); optimiser.step(); return l.item() })
 */
export function scope<T>(body: () => T): T {
  // Choosing the kernels creates the arena.
  if (context.kernels === plainKernels || current.arena === null) return body()
  return current.arena.scope(() => copyOut(body()))
}

/** A copy of every tensor in the result of a scope. */
function copyOut<T>(result: T): T {
  if (result instanceof Tensor) return result.clone() as T
  if (typeof result !== 'object' || result === null) return result
  const values: unknown[] = Array.isArray(result) ? result : Object.values(result)
  if (values.length === 0 || !values.every((value) => value instanceof Tensor)) return result
  const tensors = result as unknown as Escaping
  if (Array.isArray(tensors)) return tensors.map((value: Tensor) => value.clone()) as T
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, (value as Tensor).clone()])) as T
}
