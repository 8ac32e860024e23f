/** Computing with several threads: the entry point `./workers`, for Node. */

export { WorkerError } from './errors.ts'
export { createPool, type Pool, type PoolOptions } from './pool.ts'
export { type RunTasksOptions, runTasks } from './runTasks.ts'
export type { TaskFunction } from './task.ts'
