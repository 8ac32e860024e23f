import { useKernels } from '../engine/core/context.ts'
import type { Executor } from '../engine/simd/executor.ts'
import { createPool } from '../workers/pool.ts'
import type { OptionSpecs, ParsedOptions } from './options.ts'

/** The option of commands that compute. */
export const threadOptions: OptionSpecs = {
  threads: {
    type: 'integer',
    minimum: 1,
    maximum: 64,
    description: 'threads that compute; any number gives the same bits [cores of this machine]',
  },
}

/** Runs `body` with the kernels on as many threads as a command line asks for; the threads end with it. */
export async function withThreads<T>(
  values: ParsedOptions['values'],
  body: (executor: Executor) => T | Promise<T>,
): Promise<T> {
  const pool = await createPool({ threads: values.threads as number | undefined })
  try {
    useKernels({ kernels: 'simd', executor: pool })
    return await body(pool)
  } finally {
    await pool.close()
  }
}
