import { UsageError } from '../../../engine/base/errors.ts'
import type { ValueRange } from '../quantiser.ts'
import { extremes, type Observer, rangeWithZero } from './observer.ts'

/** Bits of an f32 that choose its bin: sign, exponent and the upper 9 of the mantissa. */
const KEY_BITS = 18
const SHIFT = 32 - KEY_BITS
/** The bin of 0 and of the least positive values. */
const ZERO_BIN = 0x80000000 >>> SHIFT

/** Which percentile. */
export interface PercentileOptions {
  /** The upper quantile, in [0.5, 1]; two-sided, the lower is 1 - p. Default 0.999. */
  readonly p?: number
  /**
   * 2: [Q_{1-p}, Q_p] of the values. 1: one threshold t = Q_p of the magnitudes, the range is [-t, t] limited to the
   * extremes seen (pytorch-quantization). Default 2.
   */
  readonly sides?: 1 | 2
}

/**
 * Percentile over all batches together, for calibration: two-sided, lo = Q_{1-p} and hi = Q_p of everything observed,
 * or one-sided, Q_p of the magnitudes; linear between neighbouring order statistics as in NumPy, in bounded memory,
 * 1 MiB: values are counted in 2^18 bins, each the f32 numbers that share sign, exponent and the upper 9 bits of the
 * mantissa. Ranks are exact; the value of a rank is interpolated within its bin and limited to the extremes seen, so
 * that it is within 2^-9 (0.2 %) of the true one, relatively. p = 1 gives the exact extremes; positive values below
 * 2^-135 count as 0, and 0 stays 0. Batches may come in any order and size.
 * Example: 1000 times 1 and once 100 at p = 0.99: hi is 1 to within 0.2 %. One-sided, at
 * p = 0.95, 99 times -1 and once 5: t is 1, the range [-1, 1].
 */
export class PercentileObserver implements Observer {
  readonly #p: number
  /** Clears the sign of magnitudes. */
  readonly #mask: number
  readonly #counts = new Uint32Array(2 ** KEY_BITS)
  #total = 0
  #extremes: ValueRange | undefined
  /** The least magnitude so far, as bits of an f32, which are in the order of the values; one-sided only. */
  #leastMagnitude = 0x7f800000

  /** Throws `UsageError` for p outside [0.5, 1] or sides other than 1 and 2. */
  constructor(options: PercentileOptions = {}) {
    const { p = 0.999, sides = 2 } = options
    if (!(p >= 0.5 && p <= 1)) throw new UsageError(`PercentileObserver: p ${p}; wanted a number in [0.5, 1]`)
    if (sides !== 1 && sides !== 2) throw new UsageError(`PercentileObserver: ${sides} sides; wanted 1 or 2`)
    this.#p = p
    this.#mask = sides === 1 ? 0x7fffffff : -1
  }

  /** Beside what every observer refuses, more than 2^32 - 1 values in all are a `UsageError`. */
  observe(x: Float32Array): void {
    if (x.length === 0) return
    const { lo, hi } = extremes(x, 'PercentileObserver')
    if (this.#total + x.length > 0xffffffff) {
      throw new UsageError('PercentileObserver: more than 2^32 - 1 values; calibrate on fewer images')
    }
    const before = this.#extremes ?? { lo, hi }
    this.#extremes = { lo: Math.min(before.lo, lo), hi: Math.max(before.hi, hi) }
    this.#total += x.length
    const counts = this.#counts
    const bits = new Int32Array(x.buffer, x.byteOffset, x.length)
    const mask = this.#mask
    for (let i = 0; i < bits.length; i++) counts[keyOf(bits[i] & mask) >>> SHIFT]++
    if (mask === -1) return
    for (let i = 0; i < bits.length; i++) this.#leastMagnitude = Math.min(this.#leastMagnitude, bits[i] & mask)
  }

  range(): ValueRange {
    if (this.#extremes === undefined) return rangeWithZero(undefined, 'PercentileObserver')
    const { lo, hi } = this.#extremes
    if (this.#mask === -1) {
      const quantiles = { lo: this.#quantile(1 - this.#p, lo, hi), hi: this.#quantile(this.#p, lo, hi) }
      return rangeWithZero(quantiles, 'PercentileObserver')
    }
    const least = valueOfKey(keyOf(this.#leastMagnitude))
    const threshold = this.#quantile(this.#p, least, Math.max(-lo, hi))
    return rangeWithZero({ lo: Math.max(lo, -threshold), hi: Math.min(hi, threshold) }, 'PercentileObserver')
  }

  /** The quantile of what was counted, which lies between `lo` and `hi`. */
  #quantile(p: number, lo: number, hi: number): number {
    const h = p * (this.#total - 1)
    const k = Math.floor(h)
    const below = this.#valueOfRank(k, lo, hi)
    return h === k ? below : Math.fround(below + (h - k) * (this.#valueOfRank(k + 1, lo, hi) - below))
  }

  /** The k-th smallest value, as if the values in a bin lay in it at equal distances. */
  #valueOfRank(k: number, lo: number, hi: number): number {
    // The two that are known exactly.
    if (k === 0) return lo
    if (k === this.#total - 1) return hi
    const counts = this.#counts
    let bin = 0
    let before = 0
    while (before + counts[bin] <= k) before += counts[bin++]
    if (bin === ZERO_BIN) return 0
    const low = valueOfKey(bin * 2 ** SHIFT)
    const high = valueOfKey((bin + 1) * 2 ** SHIFT - 1)
    const value = low + ((k - before + 0.5) / counts[bin]) * (high - low)
    return Math.fround(Math.min(Math.max(value, lo), hi))
  }
}

/**
 * The bits of a finite f32 as an unsigned integer in the order of the values: negative ones reversed, below the others;
 * both zeros get the key of +0, as if alone at the low end of its bin. Example: 1 (0x3f800000) has the key 0xbf800000.
 */
function keyOf(bits: number): number {
  if (bits === -0x80000000) return 0x80000000
  return (bits < 0 ? ~bits : bits | 0x80000000) >>> 0
}

const scratch = new Uint32Array(1)
const scratchValue = new Float32Array(scratch.buffer)

/** The value whose key this is. Example: 0xbf800000 is 1. */
function valueOfKey(key: number): number {
  scratch[0] = key >= 0x80000000 ? key & 0x7fffffff : ~key
  return scratchValue[0]
}
