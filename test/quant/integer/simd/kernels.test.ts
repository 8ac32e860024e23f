import { suite } from 'uvu'
import { RandomStream } from '../../../../engine/base/random.ts'
import type { RoundingMode } from '../../../../engine/base/rounding.ts'
import { sizeOf } from '../../../../engine/base/shape.ts'
import type { AverageArithmetic } from '../../../../quant/integer/arithmetic.ts'
import { prepareConv } from '../../../../quant/integer/execute/conv.ts'
import { prepareGemm } from '../../../../quant/integer/execute/gemm.ts'
import { prepareAveragePool } from '../../../../quant/integer/execute/pool.ts'
import { type IntegerKernels, plainIntegerKernels } from '../../../../quant/integer/kernels/index.ts'
import { addArithmetic } from '../../../../quant/integer/lower/add.ts'
import type { AveragePoolStep, Window } from '../../../../quant/integer/program.ts'
import { type Requantiser, requantiserTable } from '../../../../quant/integer/requantise/requantiser.ts'
import { storedValue } from '../../../../quant/integer/storage.ts'
import { windowCounts } from '../../../../quant/integer/windowCounts.ts'
import { convolution, convolutions, fullyConnected, gemms, randomCodes, runStep } from '../layers.ts'
import { accelerated, expectSame } from './support.ts'

const test = suite('SIMD integer kernels')

/** Runs with the plain kernels and every build of the SIMD kernels, and compares what `body` writes. */
function same<T extends CodesOrReals = Int8Array>(
  what: string,
  size: number,
  body: (kernels: IntegerKernels, out: T) => void,
  Type: new (size: number) => T = Int8Array as never,
): void {
  const wanted = new Type(size)
  body(plainIntegerKernels, wanted)
  for (const [build, kernels] of accelerated) {
    const found = new Type(size)
    body(kernels, found)
    expectSame(found, wanted, `${what}, ${build}`)
  }
}

type CodesOrReals = Int8Array | Int16Array | Int32Array | Float32Array

const requantisers: readonly Requantiser[] = [
  { kind: 'q31-single', multiplier: [1717986918], shift: [-9] },
  { kind: 'q31-double', multiplier: [1317986919], shift: [-8] },
  { kind: 'shift-half-up', shift: [9] },
  { kind: 'f64-half-away', scale: [0.00237] },
  { kind: 'f32-half-even', scale: [Math.fround(0.00237)] },
  { kind: 'q31-vector', multiplier: [1317986919], shift: [-8] },
  { kind: 'rndnu', multiplier: [10181411], shift: [32] },
  { kind: 'f64-half-even-zero-inside', scale: [Math.fround(0.00237)] },
]

test('convolutions of every shape, batches of 0, 1 and 3, every requantiser', () => {
  const random = new RandomStream(1, 'conv')
  for (const shape of convolutions) {
    for (const requantiser of requantisers) {
      const { step, input, output, constants } = convolution(shape, random, requantiser)
      const prepared = prepareConv(step, { inputs: [input], output, constants })
      for (const batch of [0, 1, 3]) {
        const x = randomCodes(random, sizeOf(input.shape) * batch)
        const size = sizeOf(output.shape) * batch
        same(`${shape}, ${batch}`, size, (kernels, out) => runStep(prepared, [x], batch, out, kernels))
      }
    }
  }
})

test('Gemm of every shape, every requantiser', () => {
  const random = new RandomStream(2, 'gemm')
  for (const [rows, taps, channels] of gemms) {
    for (const requantiser of requantisers) {
      const { step, input, output, constants } = fullyConnected(taps, channels, random, requantiser)
      const prepared = prepareGemm(step, { inputs: [input], output, constants })
      const x = randomCodes(random, rows * taps)
      same(`${rows}, ${taps}, ${channels}`, rows * channels, (kernels, out) =>
        runStep(prepared, [x], rows, out, kernels),
      )
    }
  }
})

test('all pairs of codes in all four additions, at several scales', () => {
  const all = Array.from({ length: 256 }, (_, i) => i - 128)
  const a = Int8Array.from(all.flatMap((code) => all.map(() => code)))
  const b = Int8Array.from(all.flatMap(() => all))
  const zero = { zeroPoints: [3, -7] as const, zeroPoint: 5, low: -120, high: 126 }
  for (const real of [
    [0.05, 0.03, 0.06],
    [0.1, 0.1, 0.2],
    [0.0173, 0.0291, 0.0333],
    [1, 0.001, 0.5],
  ]) {
    const [sa, sb, so] = real.map(Math.fround)
    const [first, second, sum] = [sa, sb, so].map((scale) => ({ scale, zeroPoint: 0 }))
    const q31 = addArithmetic({ kind: 'q31', leftShift: 20 }, first, second, sum)
    if (q31.kind !== 'q31') throw new Error('wanted q31')
    const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = q31
    same(`q31 ${real}`, 65536, (k, out) =>
      k.addQ31(a, b, 65536, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out),
    )
    same(`qdq ${real}`, 65536, (k, out) => k.addQdq(a, b, 65536, zero, [sa, sb], so, 0, out))
    for (const before of [5, -3]) {
      same(`qdq, ${before} inside, ${real}`, 65536, (k, out) => k.addQdq(a, b, 65536, zero, [sa, sb], so, before, out))
      same(`mul qdq ${real}`, 65536, (k, out) => k.mulQdq(a, b, 65536, zero, [sa, sb], so, before, out))
      const ratio = Math.fround(Math.fround(sa * sb) / so)
      same(`mul ${real}`, 65536, (k, out) => k.mulZeroInside(a, b, 65536, zero, ratio, before, out))
    }
    const ratios = [Math.fround(sa / so), Math.fround(sb / so)] as const
    const inside = { ...zero, zeroPoints: [-128, 0] as const, zeroPoint: -128 }
    for (const fixed of [Math.fround(7.3 - 131 * ratios[0]), 0.5, -140]) {
      same(`fma ${real}`, 65536, (k, out) => k.addFma(a, b, 65536, inside, ratios, fixed, out))
    }
    const short = addArithmetic({ kind: 'multiply-shift' }, first, second, sum)
    if (short.kind !== 'multiply-shift') throw new Error('wanted multiply-shift')
    same(`multiply-shift ${real}`, 65536, (k, out) =>
      k.addMultiplyShift(a, b, 65536, zero, short.multipliers, short.shift, out),
    )
    same('a shift beyond 31', 65536, (k, out) => k.addMultiplyShift(a, b, 65536, zero, [2 ** 20, 77], 33, out))
    for (const shift of [outputShift, 0, 2]) {
      same(`q31-single ${real}`, 65536, (k, out) =>
        k.addQ31Single(a, b, 65536, zero, leftShift, multipliers, shifts, outputMultiplier, shift, out),
      )
    }
    same(`f64 ${real}`, 65536, (k, out) => k.addF64(a, b, 65536, zero, [sa / so, sb / so], out))
  }
  for (const [la, lb, right] of [
    [0, 0, 0],
    [0, 1, 1],
    [3, 0, 4],
    [0, 12, 13],
  ]) {
    same(`shift ${la} ${lb} ${right}`, 65536, (k, out) => k.addShift(a, b, 65536, zero, [la, lb], right, out))
  }
  for (const count of [0, 1, 3, 5, 6, 7, 16, 37, 1000]) {
    const part = a.slice(0, count)
    for (const requantiser of requantisers) {
      const table = requantiserTable(requantiser, 1)
      same(`${count} products`, count, (k, out) =>
        k.mulRequantise(part, b.slice(0, count), count, zero, table, new Int32Array(count + 16), out),
      )
    }
    same(`${count} codes`, count, (k, out) => k.mulQdq(part, b.slice(0, count), count, zero, [0.5, 0.25], 0.5, 0, out))
    same(`${count} codes`, count, (k, out) => k.addFma(part, b.slice(0, count), count, zero, [0.5, 0.25], 0.5, out))
    same(`${count} codes`, count, (k, out) => k.addQdq(part, b.slice(0, count), count, zero, [0.5, 0.25], 0.5, 0, out))
  }
})

test('packed planes of any width, border, stride and dilation', () => {
  const random = new RandomStream(6, 'planes')
  const below = (n: number): number => Math.floor(random.uniform() * n)
  for (let i = 0; i < 400; i++) {
    const [groups, inGroup, h, w, left] = [1 + below(3), 1 + below(4), 1 + below(5), 1 + below(40), below(10)]
    const [strideH, strideW, phasesH, phasesW] = [1 + below(3), 1 + below(3), 1 + below(2), 1 + below(2)]
    const columnStep = below(2) * (1 + below(4))
    const channelStep = columnStep > 0 ? 1 : 2
    const planes = Math.ceil(inGroup / channelStep)
    const place = {
      channels: groups * inGroup,
      h,
      w,
      zeroPoint: below(256) - 128,
      groups,
      planes,
      channelStep,
      columnStep,
    }
    const [top, phaseH, pitch] = [below(4), 1 + below(7), 1 + below(40)]
    const geometry = { ...place, top, left, strideH, strideW, phasesH, phasesW, phaseH, pitch }
    const x = randomCodes(random, 2 * groups * inGroup * h * w)
    const size = 4 * groups * planes * phasesH * phasesW * phaseH * pitch
    const pack = (kernels: IntegerKernels, out: Int16Array): void => kernels.packPlanes(x, 2, geometry, out)
    same(JSON.stringify(geometry), size, pack, Int16Array)
  }
})

const windows: readonly (readonly [number, number, number, Window])[] = [
  [3, 8, 8, { kernel: [8, 8], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }],
  [2, 7, 9, { kernel: [7, 9], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }],
  [3, 9, 10, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] }],
  [5, 6, 40, { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] }],
  [2, 7, 35, { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 1, 1], dilations: [1, 1] }],
  [2, 9, 33, { kernel: [2, 2], strides: [3, 2], pads: [0, 0, 0, 0], dilations: [1, 1] }],
  [1, 11, 12, { kernel: [3, 2], strides: [1, 2], pads: [2, 1, 0, 0], dilations: [2, 3] }],
  [1, 1, 1, { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }],
]

/** Output extents, the last window hanging over the end where pads say so. */
function extentsOf(h: number, w: number, { kernel, strides, pads, dilations }: Window) {
  const along = (size: number, axis: 0 | 1): number =>
    Math.floor((size + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis]) + 1
  return { h, w, outH: along(h, 0), outW: along(w, 1) }
}

test('maximum and mean of windows, every arithmetic, signed and unsigned', () => {
  const random = new RandomStream(4, 'pool')
  for (const [channels, h, w, window] of windows) {
    const extents = extentsOf(h, w, window)
    const x = randomCodes(random, 2 * channels * h * w)
    const size = channels * extents.outH * extents.outW
    const what = JSON.stringify(window)
    same(what, 2 * size, (k, out) => k.maxPool(x, 2 * channels, extents, window, out))
    for (const countPadding of [false, true]) {
      const { inside, padded } = windowCounts(extents, window)
      const counts = [...new Set(countPadding ? padded : inside)]
      const arithmetics: AverageArithmetic[] = [
        { kind: 'raw-half-away' },
        { kind: 'qdq', scale: Math.fround(0.05), outputScale: Math.fround(0.04) },
        { kind: 'qdq-zero-inside', scale: Math.fround(0.05), outputScale: Math.fround(0.04) },
        ...requantisers.map((r): AverageArithmetic => {
          const requantiser = {
            kind: r.kind,
            scale: counts.map((n) => Math.fround(1.1 / n)),
            shift: counts.map((_, i) => (r.kind === 'rndnu' ? 24 + i : 'multiplier' in r ? -i - 1 : i)),
            multiplier: counts.map((n) => Math.floor(2 ** (r.kind === 'rndnu' ? 24 : 31) / (n + 1))),
          }
          return { kind: 'requantise', counts, requantiser }
        }),
      ]
      for (const arithmetic of arithmetics) {
        for (const unsigned of [false, true]) {
          const [qmin, qmax] = unsigned ? [0, 255] : [-128, 127]
          const value = { name: 'v', scale: 1, zeroPoint: qmin + 131, qmin, qmax }
          const step: AveragePoolStep = {
            op: 'averagePool',
            name: 'pool',
            inputs: ['v'],
            output: 'o',
            ...window,
            countPadding,
            arithmetic,
            low: qmin + 4,
            high: qmax - 5,
          }
          const input = storedValue({ ...value, shape: [channels, h, w] })
          const output = storedValue({ ...value, shape: [channels, extents.outH, extents.outW] })
          const prepared = prepareAveragePool(step, { inputs: [input], output, constants: new Map() })
          const name = `${what} ${JSON.stringify(arithmetic)} ${unsigned}`
          same(name, 2 * size, (kernels, out) => runStep(prepared, [x], 2, out, kernels))
        }
      }
    }
  }
})

test('clamp, concatenation, quantise, dequantise at odd lengths', () => {
  const random = new RandomStream(5, 'rest')
  const value = storedValue({ name: 'v', shape: [], scale: Math.fround(0.1), zeroPoint: 120, qmin: 0, qmax: 255 })
  const odd = [0.25, -0.25, 0.35, -0.35, 1e-40, -1e-40, 3e38, -3e38, Infinity, -Infinity, Number.NaN, -0]
  for (const length of [0, 1, 3, 4, 15, 16, 17, 37, 1000]) {
    const x = randomCodes(random, length)
    const codes = randomCodes(random, 256)
    same('lookUp', length, (k, out) => k.lookUp(x, length, codes, out))
    same('clamp', length, (k, out) => k.clampCodes(x, length, -17, 90, out))
    same('copyRuns', 2 * length + 3, (k, out) => k.copyRuns(x, 1, length, 2, length + 5, out))
    const reals = Float32Array.from({ length }, (_, i) =>
      i % 3 === 0 ? odd[random.integer(odd.length)] : Math.fround(0.05 * (random.integer(600) - 300)),
    )
    for (const rounding of ['half-even', 'half-away', 'half-up', 'floor'] satisfies RoundingMode[]) {
      same(rounding, length, (k, out) => k.quantiseCodes(reals, value, rounding, out))
      const half = { ...value, scale: 0.5 }
      same(rounding, length, (k, out) => k.quantiseCodes(reals, half, rounding, out))
    }
    same('rangesOf', 6, (k, out) => k.rangesOf(reals, 3, Math.floor(length / 3), out), Float32Array)
    const finite = reals.map((v) => (Number.isNaN(v) ? 1 : v))
    same('rangesOf', 4, (k, out) => k.rangesOf(finite, 2, length >> 1, out), Float32Array)
    same('dequantise', length, (k, out) => k.dequantiseCodes(x, value, out), Float32Array)
    for (const offset of [0, 128]) {
      same('widen', length, (k, out) => k.widenCodes(x, offset, out), Int32Array)
      const wide = Int32Array.from(x, (code) => code + offset)
      same('narrow', length, (k, out) => k.narrowCodes(wide, offset, out))
    }
  }
  const x = randomCodes(random, 60)
  same('copyRuns', 130, (k, out) => k.copyRuns(x, 12, 5, 3, 11, out))
})

test.run()
