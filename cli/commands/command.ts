/** One command of `quant-trim`. */
export interface Command {
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** The whole help text. */
  help(): string
  /** Runs it with the arguments after its name; returns the exit status, or throws. */
  run(args: readonly string[]): Promise<number>
}
