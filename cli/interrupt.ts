/** Ends the process on Ctrl-C with a word about what is safe. Writes are never in progress then: they are synchronous. */
export function stopOnInterrupt(message: () => string): () => void {
  const onInterrupt = (): void => {
    console.error(`\n${message()}`)
    process.exit(130)
  }
  process.on('SIGINT', onInterrupt)
  return () => process.off('SIGINT', onInterrupt)
}
