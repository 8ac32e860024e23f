import { ShapeError, UsageError } from '../../engine/base/errors.ts'
import { type RoundingMode, roundAs } from '../../engine/base/rounding.ts'
import { formatShape, type Shape, sizeOf } from '../../engine/base/shape.ts'
import { channelRun, type Quantiser } from './quantiser.ts'

/** Any array that holds codes. */
export type CodeArray = Int32Array | Int16Array | Uint16Array | Int8Array | Uint8Array

/**
 * How x is brought to the grid. 'exact': f32(x / s), as ONNX QuantizeLinear. 'reciprocal': f32(x * f32(1 / s)), as
 * PyTorch's fake quantisation and FBGEMM. They differ near ties: s = 0.00214854861, x = 0.273939937 gives 127.49999
 * and 127.5, so the codes 127 and 128.
 */
export type Division = 'exact' | 'reciprocal'

/** How a real number becomes a code. */
export interface QuantiseOptions {
  /** How ties are settled; default 'half-even'. */
  readonly rounding?: RoundingMode
  /** Default 'exact'. */
  readonly division?: Division
}

/**
 * The codes q = clamp(round(f32(x / s)) + z, qmin, qmax) of a row-major tensor. Infinities go to the end codes; NaN goes
 * to z, the code of 0 (whoever must not lose a NaN has to look for it before). Returns `out`, by default a new
 * Int32Array. Example: s = 0.5, z = 3, int8: 0.75 is 1.5 steps, rounds to 2, code 5; 100 gives 127.
 * Throws `ShapeError` where sizes or channels do not fit, `UsageError` where `out` cannot hold the codes.
 */
export function quantise<T extends CodeArray = Int32Array>(
  x: Float32Array,
  shape: Shape,
  quantiser: Quantiser,
  options: QuantiseOptions = {},
  out: T = new Int32Array(x.length) as CodeArray as T,
): T {
  checkSizes('quantise', shape, x.length, out.length)
  checkHolds(out, quantiser)
  const { scale, zeroPoint, qmin, qmax } = quantiser
  const inner = channelRun(quantiser, shape, 'quantise')
  const rounding = options.rounding ?? 'half-even'
  const reciprocal = options.division === 'reciprocal'
  for (let start = 0, c = 0; start < x.length; start += inner, c = (c + 1) % scale.length) {
    const s = scale[c]
    const inverse = Math.fround(1 / s)
    const z = zeroPoint[c]
    for (let i = start; i < start + inner; i++) {
      const steps = reciprocal ? Math.fround(x[i] * inverse) : Math.fround(x[i] / s)
      const q = roundAs(steps, rounding) + z
      out[i] = q < qmin ? qmin : q > qmax ? qmax : Number.isNaN(q) ? z : q
    }
  }
  return out
}

/**
 * The real numbers f32(s (q - z)) that codes stand for; one rounding. Returns `out`, by default a new Float32Array.
 * Example: s = 0.5, z = 3: code 5 is 1. Throws `ShapeError` where sizes or channels do not fit.
 */
export function dequantise(
  codes: CodeArray,
  shape: Shape,
  quantiser: Quantiser,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkSizes('dequantise', shape, codes.length, out.length)
  const { scale, zeroPoint } = quantiser
  const inner = channelRun(quantiser, shape, 'dequantise')
  for (let start = 0, c = 0; start < codes.length; start += inner, c = (c + 1) % scale.length) {
    const s = scale[c]
    const z = zeroPoint[c]
    for (let i = start; i < start + inner; i++) out[i] = s * (codes[i] - z)
  }
  return out
}

function checkSizes(operation: string, shape: Shape, input: number, output: number): void {
  const size = sizeOf(shape)
  if (input !== size || output !== size) {
    throw new ShapeError(
      `${operation}: shape ${formatShape(shape)} holds ${size} elements; the input has ${input}, the output ${output}`,
    )
  }
}

/** An integer array wraps what it cannot hold, in silence: refuse it before. */
function checkHolds(out: CodeArray, { qmin, qmax }: Quantiser): void {
  const bits = 8 * out.BYTES_PER_ELEMENT
  const signed = out instanceof Int8Array || out instanceof Int16Array || out instanceof Int32Array
  const least = signed ? -(2 ** (bits - 1)) : 0
  const greatest = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  if (qmin < least || qmax > greatest) {
    throw new UsageError(
      `quantise: codes in [${qmin}, ${qmax}] do not fit ${out.constructor.name}, which holds [${least}, ${greatest}]`,
    )
  }
}
