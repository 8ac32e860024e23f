import { UsageError } from '../../engine/base/errors.ts'

/** What a uniform affine quantiser looks like, before any range is known. */
export interface Scheme {
  /** Width of a code, 2 to 16. */
  readonly bits: number
  readonly signed: boolean
  /** Symmetric: the zero point is fixed at 0 (signed) or at the middle code (unsigned), the range is [-m, m]. */
  readonly symmetric: boolean
  /** Narrow range: the lowest code is unused, so that a signed symmetric range is balanced. Default false. */
  readonly narrow?: boolean
  /** One scale for the tensor, or one for each channel. */
  readonly granularity: 'tensor' | 'channel'
  /** 'float': any positive f32. 'pow2': a power of two, so that rescaling is a shift. Default 'float'. */
  readonly scaleForm?: 'float' | 'pow2'
}

/** The lowest and the highest code. */
export interface CodeRange {
  readonly qmin: number
  readonly qmax: number
}

/**
 * The codes of a scheme: signed [-2^(b-1), 2^(b-1)-1], unsigned [0, 2^b-1]; narrow drops the lowest.
 * Example: 8 bits, signed, narrow gives [-127, 127]. Throws `UsageError` for bits outside 2 ... 16.
 */
export function codeRange(scheme: Pick<Scheme, 'bits' | 'signed' | 'narrow'>): CodeRange {
  const { bits, signed } = scheme
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    throw new UsageError(`quantisation: ${bits} bits; a code has 2 to 16 bits`)
  }
  const narrow = scheme.narrow ? 1 : 0
  return signed
    ? { qmin: -(2 ** (bits - 1)) + narrow, qmax: 2 ** (bits - 1) - 1 }
    : { qmin: narrow, qmax: 2 ** bits - 1 }
}
