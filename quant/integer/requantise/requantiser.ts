import { f32HalfEven } from './f32HalfEven.ts'
import { f32HalfEvenOffset } from './f32HalfEvenOffset.ts'
import { f64HalfAway } from './f64HalfAway.ts'
import { f64HalfEvenZeroInside } from './f64HalfEvenZeroInside.ts'
import { q31Double } from './q31Double.ts'
import { q31Single } from './q31Single.ts'
import { q31Vector } from './q31Vector.ts'
import { rndnu } from './rndnu.ts'
import { shiftHalfUp } from './shiftHalfUp.ts'

/**
 * How int32 sums become codes: plain data, one entry a channel, or a single entry for all channels. Each kind's formula,
 * ties, range and example stand in the file of its name.
 */
export type Requantiser =
  | { readonly kind: 'q31-single'; readonly multiplier: readonly number[]; readonly shift: readonly number[] }
  | { readonly kind: 'q31-double'; readonly multiplier: readonly number[]; readonly shift: readonly number[] }
  | { readonly kind: 'q31-vector'; readonly multiplier: readonly number[]; readonly shift: readonly number[] }
  | { readonly kind: 'rndnu'; readonly multiplier: readonly number[]; readonly shift: readonly number[] }
  | { readonly kind: 'shift-half-up'; readonly shift: readonly number[] }
  | { readonly kind: 'f64-half-away'; readonly scale: readonly number[] }
  | { readonly kind: 'f64-half-even-zero-inside'; readonly scale: readonly number[] }
  /** With `offset`, the bias in codes, added after scaling: see f32HalfEvenOffset.ts. */
  | { readonly kind: 'f32-half-even'; readonly scale: readonly number[]; readonly offset?: readonly number[] }

/** The name of a requantiser. */
export type RequantiserKind = Requantiser['kind']

/** Where requantised codes go: added zero point and inclusive clamp. */
export interface CodeTarget {
  readonly zeroPoint: number
  readonly low: number
  readonly high: number
}

/** How many channels a requantiser has entries for; 1 serves any number. */
export function channelsOf(r: Requantiser): number {
  if (r.kind === 'f32-half-even' && r.offset !== undefined) return r.offset.length
  return 'scale' in r ? r.scale.length : r.shift.length
}

/** The real number that channel `c`'s sums are multiplied by. Example: q31 (2^30, -9) -> 2^-10. */
export function realMultiplier(r: Requantiser, c: number): number {
  const i = ('scale' in r ? r.scale : r.shift).length === 1 ? 0 : c
  switch (r.kind) {
    case 'q31-single':
    case 'q31-double':
    case 'q31-vector':
      return r.multiplier[i] * 2 ** (r.shift[i] - 31)
    case 'rndnu':
      return r.multiplier[i] * 2 ** -r.shift[i]
    case 'shift-half-up':
      return 2 ** -r.shift[i]
    case 'f64-half-away':
    case 'f64-half-even-zero-inside':
    case 'f32-half-even':
      return r.scale[i]
  }
}

/** The kinds in the order of their numbers in compiled kernels. */
export const requantiserKinds: readonly RequantiserKind[] = [
  'q31-single',
  'q31-double',
  'shift-half-up',
  'f64-half-away',
  'f32-half-even',
  'q31-vector',
  'rndnu',
  'f64-half-even-zero-inside',
]

/** A requantiser as kernels read it: one entry a channel in arrays, those that its kind does not have 0. */
export interface RequantiserTable {
  readonly kind: RequantiserKind
  readonly scale: Float64Array
  readonly multiplier: Int32Array
  readonly shift: Int32Array
  /** What 'f32-half-even' adds after scaling; null: nothing. */
  readonly offset: Float32Array | null
}

/** The table of `channels` entries; a single entry is repeated. Example: shift [4], 2 channels: shift [4, 4]. */
export function requantiserTable(r: Requantiser, channels: number): RequantiserTable {
  const entry = (numbers: readonly number[], c: number): number => numbers[numbers.length === 1 ? 0 : c]
  const offsets = r.kind === 'f32-half-even' ? r.offset : undefined
  const table = {
    kind: r.kind,
    scale: new Float64Array(channels),
    multiplier: new Int32Array(channels),
    shift: new Int32Array(channels),
    offset: offsets === undefined ? null : Float32Array.from({ length: channels }, (_, c) => entry(offsets, c)),
  }
  for (let c = 0; c < channels; c++) {
    if ('scale' in r) table.scale[c] = entry(r.scale, c)
    if ('shift' in r) table.shift[c] = entry(r.shift, c)
    if ('multiplier' in r) table.multiplier[c] = entry(r.multiplier, c)
  }
  return table
}

/**
 * Requantises `count` sums of channel `c` from `acc[accStart]` on to `out[outStart]`, `out[outStart + outStride]`, ...
 * Example: kind 'shift-half-up', shift 4, target { zeroPoint: 1, low: 0, high: 127 }: the sums 8, -8, 40 become 2, 1, 4.
 */
export function requantiseRow(
  { kind, scale, multiplier, shift, offset }: RequantiserTable,
  c: number,
  acc: Int32Array,
  accStart: number,
  count: number,
  target: CodeTarget,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  const { zeroPoint, low, high } = target
  switch (kind) {
    case 'q31-single':
      q31Single(acc, accStart, count, multiplier[c], shift[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'q31-double':
      q31Double(acc, accStart, count, multiplier[c], shift[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'shift-half-up':
      shiftHalfUp(acc, accStart, count, shift[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'f64-half-away':
      f64HalfAway(acc, accStart, count, scale[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'f32-half-even':
      if (offset === null) {
        f32HalfEven(acc, accStart, count, scale[c], zeroPoint, low, high, outStart, outStride, out)
      } else {
        f32HalfEvenOffset(acc, accStart, count, scale[c], offset[c], zeroPoint, low, high, outStart, outStride, out)
      }
      break
    case 'q31-vector':
      q31Vector(acc, accStart, count, multiplier[c], shift[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'rndnu':
      rndnu(acc, accStart, count, multiplier[c], shift[c], zeroPoint, low, high, outStart, outStride, out)
      break
    case 'f64-half-even-zero-inside':
      f64HalfEvenZeroInside(acc, accStart, count, scale[c], zeroPoint, low, high, outStart, outStride, out)
      break
  }
}
