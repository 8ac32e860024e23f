/** Worker threads that did not do what they had to: one that hangs, for example. */
export class WorkerError extends Error {
  override name = 'WorkerError'
}
