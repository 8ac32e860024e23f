/** Computes all units of one function of an attached module; returns when they are done. */
export type Run = (name: string, units: number, cost: number, args: readonly number[]) => void

/**
 * Computes calls of SIMD kernels with several threads. The engine brings none: one is made elsewhere, for example by
 * `createPool`, and handed to `useKernels` or `createSimdMemory`.
 */
export interface Executor {
  /** Threads that compute, the caller's included. With one, memory need not be shared. */
  readonly threads: number
  /**
   * Takes a module that works on a shared memory, and its functions on this thread. In the runs that follow, units may
   * be computed in any order, by any thread that has instantiated the module on that memory, and more than once.
   */
  attach(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    functions: Readonly<Record<string, (...values: number[]) => void>>,
  ): Run
}
