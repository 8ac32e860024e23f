/** What a module imports, as bytes: the name 'env', the name 'memory', that it is a memory, no flags, at least 0 pages. */
const OWN = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 0]
/** In place of the last two: shared and with a maximum; 1 page at least, 65536 at most. */
const SHARED_LIMITS = [3, 1, 0x80, 0x80, 4]

/**
 * The same module for a memory that threads share: WebAssembly types the imported memory, and nothing else in it depends on that (the
 * kernels have no atomic operations). So one binary is embedded where the compiler would make two that differ in these six bytes.
 * Throws an `Error` for a module that does not import env.memory alone. Example: a module of 1682 bytes becomes one of 1685.
 */
export function withSharedMemory(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = module.findIndex((_, i) => OWN.every((byte, j) => module[i + j] === byte))
  // Before it stand the import section's size and its count of imports.
  if (at < 2 || module[at - 1] !== 1 || module[at - 2] !== OWN.length + 1) {
    throw new Error('withSharedMemory: the module does not import env.memory alone; build it again')
  }
  const limits = at + OWN.length - 2
  const longer = SHARED_LIMITS.length - 2
  const shared = new Uint8Array(module.length + longer)
  shared.set(module.subarray(0, limits))
  shared[at - 2] += longer
  shared.set(SHARED_LIMITS, limits)
  shared.set(module.subarray(limits + 2), limits + SHARED_LIMITS.length)
  return shared
}
