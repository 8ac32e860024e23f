/**
 * Random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * Counter based: draw number n of a stream is a pure function of (seed, stream name, n), so a layer's values depend on
 * its name and not on the order in which layers were made.
 */

const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle1 = aHigh * bLow + (low >>> 16)
  const middle2 = aLow * bHigh + (middle1 & 0xffff)
  return (aHigh * bHigh + Math.floor(middle1 / 65536) + Math.floor(middle2 / 65536)) >>> 0
}

/** Ten Philox rounds: `counter` (4 words) is replaced by the 4 random words for `key` (2 words). */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter
  let k0 = key0 >>> 0
  let k1 = key1 >>> 0
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0)
    const low0 = Math.imul(M0, c0) >>> 0
    const high1 = multiplyHigh(M1, c2)
    const low1 = Math.imul(M1, c2) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  counter[0] = c0
  counter[1] = c1
  counter[2] = c2
  counter[3] = c3
}

/** FNV-1a over the UTF-16 code units of a name, 32 bits: which stream of a seed a name selects. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}

/** One stream of random numbers. The same `seed` and `name` give the same numbers everywhere. */
export class RandomStream {
  readonly #key0: number
  readonly #key1: number
  readonly #block = new Uint32Array(4)
  #drawn = 0

  /** `seed` is an integer in [0, 2^53); `name` selects an independent stream of it. */
  constructor(seed: number, name: string) {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is an integer in [0, 2^53), not ${seed}`)
    this.#key0 = seed >>> 0
    this.#key1 = (hashName(name) ^ Math.imul(Math.floor(seed / 4294967296), W0)) >>> 0
  }

  /** An integer uniform in [0, 2^32). */
  uint32(): number {
    const lane = this.#drawn & 3
    if (lane === 0) {
      const block = Math.floor(this.#drawn / 4)
      this.#block[0] = block >>> 0
      this.#block[1] = Math.floor(block / 4294967296)
      this.#block[2] = 0
      this.#block[3] = 0
      philox4x32(this.#block, this.#key0, this.#key1)
    }
    this.#drawn++
    return this.#block[lane]
  }

  /** A multiple of 2^-24 uniform in [0, 1): exact in f32. */
  uniform(): number {
    return (this.uint32() >>> 8) / 16777216
  }

  /** An integer uniform in [0, bound), 1 <= bound <= 2^32: multiply-shift, bias below bound / 2^32. */
  integer(bound: number): number {
    return Math.floor((this.uint32() / 4294967296) * bound)
  }

  /** A uniformly random order of 0 ... length-1 (Fisher-Yates from the end). */
  permutation(length: number): Int32Array {
    const order = new Int32Array(length)
    for (let i = 0; i < length; i++) order[i] = i
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const kept = order[i]
      order[i] = order[j]
      order[j] = kept
    }
    return order
  }
}
