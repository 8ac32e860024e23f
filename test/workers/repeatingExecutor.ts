import type { Executor } from '../../engine/simd/executor.ts'

/** Computes every unit and then all of them again, in two parts: what may happen to units of a worker that died. */
export const repeatingExecutor: Executor = {
  threads: 2,
  attach: (_module, _memory, functions) => (name, units, _cost, args) => {
    functions[name](...args, 0, units)
    functions[name](...args, units >> 1, units)
    functions[name](...args, 0, units >> 1)
  },
}
