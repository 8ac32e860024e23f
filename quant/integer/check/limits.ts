/**
 * What a program from outside may ask for. Each limit may be raised or lowered; numbers count one image, since a batch is the
 * caller's choice. Example: { elements: 2 ** 16 } refuses a program for pictures of 512 x 512.
 */
export interface ProgramLimits {
  /** Bytes of the file. Default 2^29. */
  readonly bytes: number
  /** Bytes of the file's header, in which the program stands. Default 2^24. */
  readonly headerBytes: number
  /** Steps. Default 10000. */
  readonly steps: number
  /** Codes of a value, and of a picture with its padding; at most 2^26, so that 32-bit offsets suffice. Default 2^24. */
  readonly elements: number
  /** Bytes of constants, buffers and scratch together. Default 2^30. */
  readonly memory: number
  /** Multiplications, or what takes as long: taps of windows, codes that are moved. Default 2^36. */
  readonly work: number
}

/** The limits that hold where nothing else is said. */
export const defaultLimits: ProgramLimits = {
  bytes: 2 ** 29,
  headerBytes: 2 ** 24,
  steps: 10_000,
  elements: 2 ** 24,
  memory: 2 ** 30,
  work: 2 ** 36,
}
