/**
 * The kinds of failure the library reports. Every message says the operation, what came, what was wanted and what to
 * do next; the class says whose fault it was, and the command line turns it into an exit status.
 */

/** Tensors whose shapes, dtypes or attributes do not fit the operation. */
export class ShapeError extends Error {
  override name = 'ShapeError'
}

/** Bytes from outside (a file, a download) that are not what they claim to be. Nothing was allocated from them. */
export class FormatError extends Error {
  override name = 'FormatError'
}

/** An option, a name or a combination of them that does not exist or makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Arithmetic left the range in which the result would mean something: a NaN loss, an accumulator that could overflow. */
export class NumericError extends Error {
  override name = 'NumericError'
}

/** A valid model that this back end, pass or importer cannot express. The message names everything that it cannot. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
}
