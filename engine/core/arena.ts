import { bytesPerElement, type DType, type DTypeArrays, holds, type TypedArray, viewOf } from '../base/dtype.ts'
import { NumericError, ShapeError } from '../base/errors.ts'
import { formatShape, type Shape, sizeOf } from '../base/shape.ts'
import type { SimdMemory } from '../simd/memory.ts'

/** Whether the scope that owns a tensor's storage still runs. */
export interface Lifetime {
  ended: boolean
}

interface Scope extends Lifetime {
  /** Where its storage begins: what lies below belongs to the scopes around it. */
  readonly base: number
  readonly firstTenant: number
}

/**
 * Storage of the tensors made inside scopes: carved from the memory that SIMD kernels work in, so that they work in
 * place, and given back all at once when the scope ends. Views are kept and reused, so a body that allocates the same
 * sizes every time it runs makes no garbage.
 */
export class Arena {
  readonly memory: SimdMemory
  readonly #scopes: Scope[] = []
  readonly #views: TypedArray[] = []
  /** What the views hold, for the message when the memory is full. */
  readonly #tenants: { shape: Shape; label: string }[] = []
  #count = 0

  constructor(memory: SimdMemory) {
    this.memory = memory
  }

  /** Whether a scope runs: outside, tensors are ordinary garbage-collected arrays. */
  get inScope(): boolean {
    return this.#scopes.length > 0
  }

  /** Throws `ShapeError` while a scope runs. */
  assertIdle(operation: string): void {
    if (this.inScope) throw new ShapeError(`${operation}: not inside a scope; call it before the scope begins`)
  }

  /** Runs `body`; what it allocated is given back after it, also when it throws. Scopes nest. */
  scope<T>(body: () => T): T {
    const scope: Scope = { ended: false, base: this.memory.top, firstTenant: this.#count }
    this.#scopes.push(scope)
    try {
      return body()
    } finally {
      scope.ended = true
      this.#scopes.pop()
      this.memory.rewind(scope.base)
      this.#count = scope.firstTenant
    }
  }

  /** The scope that owns an array's storage; null for arrays that lie elsewhere. */
  lifetimeOf(array: TypedArray): Lifetime | null {
    if (array.buffer !== this.memory.memory.buffer) return null
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      if (array.byteOffset >= this.#scopes[i].base) return this.#scopes[i]
    }
    return null
  }

  /**
   * An array in the running scope, its content undefined. `label` says what for. Throws `NumericError`, naming the
   * largest tenants, when the memory is full.
   */
  allocate<D extends DType>(dtype: D, shape: Shape, label: string): DTypeArrays[D] {
    if (!this.inScope) throw new ShapeError('arena: no scope runs; allocate an ordinary array instead')
    const length = sizeOf(shape)
    const bytes = length * bytesPerElement(dtype)
    if (this.memory.capacity - this.memory.top < bytes + 64) throw this.#full(bytes, shape, label)
    const pointer = this.memory.allocate(bytes)
    const index = this.#count++
    this.#tenants[index] = { shape, label }
    const before = this.#views[index]
    if (holds(dtype, before) && before.byteOffset === pointer && before.length === length) return before
    const view = viewOf(dtype, this.memory.memory.buffer, pointer, length)
    this.#views[index] = view
    return view
  }

  #full(bytes: number, shape: Shape, label: string): NumericError {
    const held = new Map<string, number>()
    for (let i = 0; i < this.#count; i++) {
      const name = `${this.#tenants[i].label} ${formatShape(this.#tenants[i].shape)}`
      held.set(name, (held.get(name) ?? 0) + this.#views[i].byteLength)
    }
    const largest = [...held].sort((a, b) => b[1] - a[1]).slice(0, 3)
    return new NumericError(
      `arena: ${label} needs ${bytes} bytes for ${formatShape(shape)}, ${this.memory.capacity - this.memory.top} of ${this.memory.capacity} are free; the largest tenants are ${largest.map(([name, size]) => `${name} (${size} bytes)`).join(', ')}; use smaller batches, or a larger arena through useKernels`,
    )
  }
}

/** The arena that is in use, null while there is none. One for the process: a tensor finds its scope through it. */
export const current: { arena: Arena | null } = { arena: null }
