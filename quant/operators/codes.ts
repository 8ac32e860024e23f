import { ShapeError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { type CodeRange, codeRange } from '../affine/scheme.ts'

/** The types of codes that ONNX quantises to, named as in ONNX Runtime. */
export type CodeType = 'int4' | 'uint4' | 'int8' | 'uint8' | 'int16' | 'uint16'

/** A type of codes: the elements of the tensor that holds them, one code each, and the codes that there are. */
export interface CodeFormat extends CodeRange {
  readonly dtype: 'int8' | 'uint8' | 'int16' | 'uint16'
}

const formats: Readonly<Record<CodeType, CodeFormat>> = {
  int4: { dtype: 'int8', ...codeRange({ bits: 4, signed: true }) },
  uint4: { dtype: 'uint8', ...codeRange({ bits: 4, signed: false }) },
  int8: { dtype: 'int8', ...codeRange({ bits: 8, signed: true }) },
  uint8: { dtype: 'uint8', ...codeRange({ bits: 8, signed: false }) },
  int16: { dtype: 'int16', ...codeRange({ bits: 16, signed: true }) },
  uint16: { dtype: 'uint16', ...codeRange({ bits: 16, signed: false }) },
}

/** The format called `type`; int4 is held in int8, uint4 in uint8. Example: 'int4': int8, [-8, 7]. Throws `ShapeError`. */
export function codeFormat(type: string, operation: string): CodeFormat {
  if (Object.hasOwn(formats, type)) return formats[type as CodeType]
  throw new ShapeError(`${operation}: there are no codes of type ${type}; wanted ${Object.keys(formats).join(', ')}`)
}

/**
 * The code of a real number in steps: saturate(RNE(steps) + zeroPoint), ties to even, the zero point added after the
 * rounding. Infinities go to the end codes and NaN to the lowest, as in ONNX Runtime on x86 (the text of ONNX says nothing
 * of NaN). Example: zero point 1, [0, 255]: 0.5 -> 1, 1.5 -> 3, 2.5 -> 3, -7 -> 0, NaN -> 0.
 */
export function toCode(steps: number, zeroPoint: number, { qmin, qmax }: CodeRange): number {
  const q = roundHalfEven(steps) + zeroPoint
  return q >= qmin ? Math.min(q, qmax) : qmin
}
