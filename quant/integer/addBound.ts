import type { AddArithmetic } from './arithmetic.ts'
import { largestOffset } from './bounds.ts'
import type { ProgramValue } from './program.ts'

/**
 * The largest magnitude that an integer of the addition may reach, products of 'q31' aside, which have 62 bits of their own.
 * Example: 'shift' by (3, 0) of int8, z = 0: 128 * 9.
 */
export function addBound(arithmetic: AddArithmetic, a: ProgramValue, b: ProgramValue): number {
  const [ra, rb] = [largestOffset(a), largestOffset(b)]
  switch (arithmetic.kind) {
    case 'q31':
    case 'q31-single': {
      const { leftShift, multipliers, shifts, outputShift } = arithmetic
      const shifted = (reach: number, shift: number): number => reach * 2 ** (leftShift + Math.max(shift, 0))
      const scaled = (reach: number, i: 0 | 1): number => reach * multipliers[i] * 2 ** (leftShift + shifts[i] - 31) + 1
      const sum = scaled(ra, 0) + scaled(rb, 1)
      return Math.max(shifted(ra, shifts[0]), shifted(rb, shifts[1]), shifted(sum, outputShift) / 2 ** leftShift)
    }
    case 'shift':
      return ra * 2 ** arithmetic.leftShifts[0] + rb * 2 ** arithmetic.leftShifts[1]
    case 'multiply-shift': {
      const [ma, mb] = arithmetic.multipliers
      return ra * ma + rb * mb + 2 ** Math.max(arithmetic.shift - 1, 0)
    }
    case 'f64':
    case 'qdq':
    case 'qdq-zero-inside':
    case 'fma':
      return Math.max(ra, rb)
  }
}
