// Random cases that meet ties: scales whose quotients are ratios of small integers, odd zero points, values half way.

import { ours } from './ours.mjs'

const ranges = {
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
}

const arrays = {
  float32: Float32Array,
  int4: Int8Array,
  uint4: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
}

/** Least and greatest code of an integer type. */
export const rangeOf = (type) => ranges[type]

/** A tensor as the codec knows it; `value` gives each element by its index. */
export function tensorOf(type, dims, value) {
  const data = new arrays[type](dims.reduce((size, extent) => size * extent, 1))
  for (let i = 0; i < data.length; i++) data[i] = value(i)
  return { type, dims, data }
}

/** A stream of draws; the same seed and name give the same cases. */
export class Draw {
  #stream

  constructor(seed, name) {
    this.#stream = new ours.RandomStream(seed, name)
  }

  /** An integer from `low` to `high`, both included. */
  integer(low, high) {
    return low + this.#stream.integer(high - low + 1)
  }

  /** One of a list. */
  pick(list) {
    return list[this.#stream.integer(list.length)]
  }

  /** true in one of `n` cases. */
  oneIn(n) {
    return this.#stream.integer(n) === 0
  }

  /** A positive f32: a small integer times a power of two, a ratio of small integers, or any. */
  scale() {
    const power = 2 ** -this.integer(3, 8)
    switch (this.integer(0, 3)) {
      case 0:
        return power
      case 1:
        return this.integer(1, 15) * power
      case 2:
        return Math.fround((this.integer(1, 12) / this.integer(1, 12)) * power)
      default:
        return Math.fround((0.05 + this.#stream.uniform()) * power)
    }
  }

  /** A zero point: odd more often than not, sometimes an end of the range. */
  zeroPoint(type) {
    const [low, high] = ranges[type]
    if (this.oneIn(6)) return this.pick([low, high, 0])
    const drawn = this.integer(low, high)
    return this.oneIn(4) ? drawn : Math.min(high, drawn | 1)
  }

  /** A tensor of codes over the whole range, ends included. */
  codes(type, dims) {
    const [low, high] = ranges[type]
    return tensorOf(type, dims, () => (this.oneIn(32) ? this.pick([low, high]) : this.integer(low, high)))
  }

  /** A tensor of codes within `reach` of a zero point. */
  codesNear(type, dims, zeroPoint, reach) {
    const [low, high] = ranges[type]
    const [least, greatest] = [Math.max(low, zeroPoint - reach), Math.min(high, zeroPoint + reach)]
    return tensorOf(type, dims, () => this.integer(least, greatest))
  }

  /**
   * Real numbers for a quantiser: half of them on or beside a tie, the rest anywhere, a few far outside, but by less than
   * 2^31 steps (see the note of QuantizeLinear).
   */
  reals(dims, scaleAt, type) {
    const [low, high] = ranges[type]
    const span = high - low + 1
    return tensorOf('float32', dims, (i) => {
      const scale = scaleAt(i)
      const code = this.integer(-span, span)
      switch (this.integer(0, 7)) {
        case 0:
        case 1:
        case 2:
          return (code + 0.5) * scale
        case 3:
          return Math.fround((code + 0.5) * scale) * (1 + 2 ** -23)
        case 4:
          return (this.oneIn(8) ? this.pick([2 ** 30, -(2 ** 30), -0, 1e-30]) : code) * scale
        default:
          return (code + this.#stream.uniform()) * scale
      }
    })
  }

  /** Real numbers uniform in [low, high). */
  uniform(dims, low, high) {
    return tensorOf('float32', dims, () => low + (high - low) * this.#stream.uniform())
  }
}
