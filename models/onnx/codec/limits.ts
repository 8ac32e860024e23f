/** What a file may ask of the reader. Each bound is far above any model in use; raise one for a file that you trust. */

/** Bounds on what is read; beyond one, reading throws `UnsupportedError` before memory is allocated. */
export interface OnnxLimits {
  /** Bytes of the file: 2^31 - 1, as protobuf itself has it. */
  readonly bytes: number
  /** Fields of all messages, without the elements of tensors: 2^24. */
  readonly fields: number
  /** Nodes of the graph: 10^6. */
  readonly nodes: number
  /** Elements of one tensor: 2^31 - 1. */
  readonly elements: number
  /** Dimensions of one tensor: 32. */
  readonly rank: number
  /** Bytes of one name or text: 2^24. */
  readonly stringBytes: number
}

/** The bounds that hold where none are given. */
export const defaultLimits: OnnxLimits = {
  bytes: 0x7fffffff,
  fields: 2 ** 24,
  nodes: 1e6,
  elements: 0x7fffffff,
  rank: 32,
  stringBytes: 2 ** 24,
}

/** The bounds given, and the default for the others. */
export function withDefaults(limits: Partial<OnnxLimits>): OnnxLimits {
  return { ...defaultLimits, ...limits }
}
