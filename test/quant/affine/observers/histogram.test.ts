import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, UsageError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { EntropyObserver } from '../../../../quant/affine/observers/entropy.ts'
import { Histogram } from '../../../../quant/affine/observers/histogram.ts'
import { HistogramObserver } from '../../../../quant/affine/observers/histogramL2.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('histograms')

/** The bins that are not empty, as [lower edge, count]. */
function filled(histogram: Histogram): [number, number][] {
  const { start, width, counts } = histogram.bins()
  return [...counts].flatMap((count, i): [number, number][] => (count > 0 ? [[start + i * width, count]] : []))
}

test('hand-counted: the first batch fixes 2,048 bins, edges belong upwards, the last one down', () => {
  const histogram = new Histogram('values')
  histogram.add(Float32Array.of(-1024, 0, 0.25, 0.999, 1, 1023.5, 1024), 'test')
  assert.is(histogram.bins().width, 1)
  assert.is(histogram.bins().counts.length, 2048)
  assert.equal(filled(histogram), [
    [-1024, 1],
    [0, 3],
    [1, 1],
    [1023, 2],
  ])
})

test('bins are added at both ends, and merged in pairs above 4,096', () => {
  const histogram = new Histogram('values')
  histogram.add(Float32Array.of(0, 3, 2048), 'test')
  histogram.add(Float32Array.of(-2.5, 3000.5), 'test')
  assert.equal([histogram.bins().start, histogram.bins().counts.length], [-3, 3004])
  assert.equal(filled(histogram), [
    [-3, 1],
    [0, 1],
    [3, 1],
    [2047, 1],
    [3000, 1],
  ])
  histogram.add(Float32Array.of(4097), 'test')
  assert.is(histogram.bins().width, 2)
  assert.equal(filled(histogram), [
    [-4, 1],
    [0, 1],
    [2, 1],
    [2046, 1],
    [3000, 1],
    [4096, 1],
  ])
})

test('merged counts are those of wide bins from the start', () => {
  const random = new RandomStream(3, 'histogram')
  // Multiples of 1/16, so that every edge and quotient is exact.
  const batches = Array.from({ length: 12 }, (_, k) =>
    Float32Array.from({ length: 500 }, () => Math.floor((random.uniform() - 0.4) * 2 ** (k + 10)) / 16),
  )
  batches.unshift(Float32Array.of(-64, 64))
  const histogram = new Histogram('values')
  for (const batch of batches) histogram.add(batch, 'test')
  const { start, width, counts } = histogram.bins()
  assert.ok(counts.length >= 2048 && counts.length <= 4096)
  const wanted = new Float64Array(counts.length)
  for (const batch of batches) for (const x of batch) wanted[Math.floor((x - start) / width)]++
  // The 64 of the first batch lay on the last edge then, so it counts in the bin below.
  const at64 = Math.floor((64 - start) / width)
  if (Math.floor((63.99 - start) / width) !== at64) {
    wanted[at64]--
    wanted[at64 - 1]++
  }
  assert.ok(width > 0.0625, 'bins were merged')
  assert.equal([...counts], [...wanted])
})

test('zeros before anything else are counted once there are bins; magnitudes lose their sign', () => {
  const histogram = new Histogram('magnitudes')
  histogram.add(Float32Array.of(0, 0, -0), 'test')
  assert.is(histogram.bins().counts.length, 0)
  histogram.add(Float32Array.of(-2048, 0.5, -3.5, 3), 'test')
  assert.equal(filled(histogram), [
    [0, 4],
    [3, 2],
    [2047, 1],
  ])
  assert.equal(histogram.range, { lo: -2048, hi: 3 })
})

test('NaN and infinity are refused before anything is counted', () => {
  const histogram = new Histogram('values')
  histogram.add(Float32Array.of(1), 'test')
  throwsWith(() => histogram.add(Float32Array.of(2, Number.NaN), 'test'), NumericError, /NaN/)
  assert.equal(histogram.range, { lo: 1, hi: 1 })
})

/** The divergence of keeping i bins, from the definition: distributions written out, bin by bin. */
function divergence(histogram: ArrayLike<number>, i: number, levels: number): number {
  const counts = Array.from(histogram)
  counts[0] = counts[1]
  const kept = counts.slice(0, i)
  const reference = kept.slice()
  reference[i - 1] += counts.slice(i).reduce((a, b) => a + b, 0)
  const candidate = kept.map(() => 0)
  for (let level = 0; level < levels; level++) {
    const members = kept.map((_, j) => j).filter((j) => Math.floor((j * levels) / i) === level && kept[j] > 0)
    const sum = members.reduce((total, j) => total + kept[j], 0)
    for (const j of members) candidate[j] = sum / members.length
  }
  const p = reference.reduce((a, b) => a + b, 0)
  const q = candidate.reduce((a, b) => a + b, 0)
  let total = 0
  for (let j = 0; j < i; j++) {
    if (reference[j] > 0) total += (reference[j] / p) * Math.log(reference[j] / p / (candidate[j] / q))
  }
  return total
}

test('entropy: no threshold has a lower divergence by the definition', () => {
  const random = new RandomStream(4, 'entropy')
  const normal = (): number => {
    let sum = -3
    for (let i = 0; i < 6; i++) sum += random.uniform()
    return sum
  }
  const draws: (() => number)[] = [
    normal,
    () => Math.max(normal(), 0),
    () => normal() ** 5,
    () => (random.uniform() < 0.002 ? 40 * random.uniform() : normal()),
  ]
  for (const draw of draws) {
    const bits = 4
    const x = Float32Array.from({ length: 6000 }, draw)
    const observer = new EntropyObserver({ bits })
    observer.observe(x)
    const { lo, hi } = observer.range()
    const most = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    const width = most / 2048
    const counts = new Float64Array(2048)
    for (const v of x) counts[Math.min(Math.floor(Math.abs(v) / width), 2047)]++
    const chosen = Math.round(Math.max(-lo, hi) / width)
    let least = Number.POSITIVE_INFINITY
    // Every third candidate, to save time, and the neighbours of the chosen one.
    for (let i = 8; i <= 2048; i += Math.abs(i - chosen) < 20 ? 1 : 3) {
      least = Math.min(least, divergence(counts, i, 8))
    }
    const found = divergence(counts, chosen, 8)
    assert.ok(found <= least + 1e-12, `threshold ${chosen}: ${found}, least ${least}`)
  }
})

test('entropy: an even distribution is not clipped', () => {
  const even = Float32Array.from({ length: 2048 }, (_, i) => (i + 0.5) * (i % 2 === 0 ? 1 : -1))
  const all = new EntropyObserver()
  all.observe(even)
  assert.equal(all.range(), { lo: -2047.5, hi: 2046.5 })
})

test('entropy: a decaying distribution is clipped below its maximum, and batches do not matter', () => {
  const x = Float32Array.from({ length: 40000 }, (_, i) => -Math.log((i + 0.5) / 40000))
  const whole = new EntropyObserver()
  whole.observe(x)
  const parts = new EntropyObserver()
  parts.observe(x.subarray(0, 10000))
  parts.observe(x.subarray(10000))
  const { lo, hi } = whole.range()
  assert.is(lo, 0)
  assert.ok(hi > 4 && hi < 10, String(hi))
  assert.equal(parts.range(), whole.range())
})

test('entropy: values far from 0 collapse to their first bin, unless a threshold must cover them', () => {
  // 1024 values, evenly from 0.5 to 1: the first of the 2,048 bins that is not empty, and the one behind it, where the threshold is.
  const x = Float32Array.from({ length: 1024 }, (_, i) => 0.5 + (i + 1) / 2048)
  const rangeWith = (coverage?: number) => {
    const observer = new EntropyObserver({ coverage })
    observer.observe(x)
    return observer.range()
  }
  assert.ok(rangeWith().hi < 0.51, `${rangeWith().hi}`)
  const { lo, hi } = rangeWith(0.9)
  // Nine tenths of the values lie below 0.95.
  assert.ok(lo === 0 && hi >= 0.9499 && hi <= 1, `${hi}`)
  assert.is(rangeWith(1).hi, 1)
  for (const coverage of [-0.1, 1.1, Number.NaN]) {
    throwsWith(() => new EntropyObserver({ coverage }), UsageError, /coverage .*; wanted a number in \[0, 1\]/)
  }
})

test('histogram: an even distribution keeps its range', () => {
  const observer = new HistogramObserver()
  observer.observe(Float32Array.from({ length: 4096 }, (_, i) => (i + 0.5) / 2048 - 1))
  const { lo, hi } = observer.range()
  assert.ok(Math.abs(lo + 1) < 0.002 && Math.abs(hi - 1) < 0.002, `${lo} ${hi}`)
})

test('histogram: the bins that the search of PyTorch keeps', () => {
  // Expected: torch.ao.quantization.observer's formulas written in NumPy 2.4, run on the same values.
  const draw = (f: (u: number) => number): Float32Array =>
    Float32Array.from({ length: 20011 }, (_, i) => f((((i * 7919) % 20011) / 20011) * 2 - 1))
  const cube = (u: number): number => u * u * u
  const cases: [Float32Array, number, number, number][] = [
    [draw((u) => cube(u) * (u < 0 ? 0.5 : 1)), 8, -0.5, 0.9967710867058486],
    [draw((u) => cube(u) * (u < 0 ? 1 : 0.1)), 8, -1, 0.09943292561729322],
    [draw((u) => u * u * u * u * u * u * u * (u < 0 ? 0.5 : 1)), 4, -0.5, 0.9546436964883469],
  ]
  for (const [x, bits, lo, hi] of cases) {
    const observer = new HistogramObserver({ bits })
    observer.observe(x)
    assert.equal(observer.range(), { lo: Math.fround(lo), hi: Math.fround(hi) })
  }
})

test('histogram: far outliers go', () => {
  const random = new RandomStream(5, 'histogram')
  const x = Float32Array.from({ length: 20000 }, () => random.uniform() + random.uniform() - 1)
  x[7] = 30
  const observer = new HistogramObserver({ bits: 4 })
  observer.observe(x)
  const { lo, hi } = observer.range()
  assert.ok(lo < -0.9 && hi > 0.8 && hi < 10, `${lo} ${hi}`)
})

test('nothing but zeros', () => {
  for (const observer of [new EntropyObserver(), new HistogramObserver()]) {
    throwsWith(() => observer.range(), UsageError, /no values/)
    observer.observe(new Float32Array(5))
    assert.equal(observer.range(), { lo: 0, hi: 0 })
  }
})

test('options', () => {
  for (const bits of [1, 2.5, 13]) throwsWith(() => new EntropyObserver({ bits }), UsageError, /bits/)
  for (const bits of [1, 17]) throwsWith(() => new HistogramObserver({ bits }), UsageError, /bits/)
})

test.run()
