import type { Simd } from '../../../engine/simd/simd.ts'
import type { AddZeroPoints } from '../kernels/add.ts'
import type { PlaneExtents } from '../kernels/averagePool.ts'
import { type IntegerKernels, plainIntegerKernels } from '../kernels/index.ts'
import type { PairSaturation } from '../kernels/saturation.ts'
import type { Window } from '../program.ts'
import { type CodeTarget, type RequantiserTable, requantiserKinds } from '../requantise/requantiser.ts'
import type { IntegerExports } from './exports.ts'

/** The numbers of rounding modes in `quantiseCodes`. */
const roundings = ['half-even', 'half-away', 'half-up', 'floor'] as const

/** The integer kernels on a module's functions. Results are those of the plain kernels of the same names. */
export function bindInteger({ memory, dispatch }: Simd<IntegerExports>) {
  const table = ({ kind, scale, multiplier, shift, offset }: RequantiserTable): number[] => [
    offset === null ? requantiserKinds.indexOf(kind) : requantiserKinds.length,
    memory.input(scale),
    memory.input(offset ?? multiplier),
    memory.input(shift),
  ]
  /** What becomes of a layer's sums: codes, or real numbers. */
  const finish = (requantiser: RequantiserTable, target: CodeTarget, out: Int8Array | Float32Array): number[] => {
    const numbers = [...table(requantiser), ...limits(target)]
    if (out instanceof Int8Array) return numbers
    const [low, high] = new Int32Array(Float32Array.of(target.low, target.high).buffer)
    return [requantiserKinds.length + 1, ...numbers.slice(1, 4), 0, low, high]
  }
  const pairs = (saturation: PairSaturation | null): number[] =>
    saturation === null ? [0, 0] : [memory.input(saturation.starts), memory.input(saturation.entries)]
  const limits = ({ zeroPoint, low, high }: CodeTarget): number[] => [zeroPoint, low, high]
  const windows = ({ h, w, outH, outW }: PlaneExtents, { kernel, strides, dilations, pads }: Window): number[] => [
    h,
    w,
    outH,
    outW,
    ...kernel,
    ...strides,
    ...dilations,
    pads[0],
    pads[1],
  ]
  /** An addition or product: `constants` are what distinguishes it. */
  const pair = (
    name:
      | 'addF64'
      | 'addFma'
      | 'addMultiplyShift'
      | 'addQ31'
      | 'addQ31Single'
      | 'addQdq'
      | 'addShift'
      | 'mulQdq'
      | 'mulZeroInside',
    a: Int8Array,
    b: Int8Array,
    count: number,
    zero: AddZeroPoints,
    constants: readonly number[],
    out: Int8Array,
  ): void => {
    memory.beginCall()
    const args = [memory.input(a), memory.input(b), ...zero.zeroPoints, ...limits(zero), ...constants]
    dispatch(name, count, 16 * count, [...args, memory.output(out)])
    memory.endCall()
  }
  // Rare steps, whose rows are short.
  const { softmaxFixedPoint, softmaxTable, transposeCodes } = plainIntegerKernels
  return {
    softmaxFixedPoint,
    softmaxTable,
    transposeCodes,
    addF64: (a, b, count, zero, ratios, out) => pair('addF64', a, b, count, zero, ratios, out),
    addFma: (a, b, count, zero, ratios, fixed, out) => pair('addFma', a, b, count, zero, [...ratios, fixed], out),
    addMultiplyShift(a, b, count, zero, multipliers, shift, out) {
      // Outside of this range, where scales are far apart, a shift of 32 bits is not one.
      if (shift < 0 || shift > 31) {
        return plainIntegerKernels.addMultiplyShift(a, b, count, zero, multipliers, shift, out)
      }
      pair('addMultiplyShift', a, b, count, zero, [...multipliers, shift], out)
    },
    addQ31(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out) {
      const constants = [leftShift, ...multipliers, ...shifts, outputMultiplier, outputShift]
      pair('addQ31', a, b, count, zero, constants, out)
    },
    addQ31Single(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out) {
      const constants = [leftShift, ...multipliers, ...shifts, outputMultiplier, outputShift] as const
      if (Math.max(...shifts, outputShift) > 0) {
        const { addQ31Single } = plainIntegerKernels
        return addQ31Single(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out)
      }
      pair('addQ31Single', a, b, count, zero, constants, out)
    },
    addQdq: (a, b, count, zero, scales, outputScale, before, out) =>
      pair('addQdq', a, b, count, zero, [...scales, outputScale, before], out),
    addShift: (a, b, count, zero, leftShifts, rightShift, out) =>
      pair('addShift', a, b, count, zero, [...leftShifts, rightShift], out),
    averagePool(x, planes, { extents, window, zeroPoint, divisors, inside, rule, target }, sums, out) {
      if (rule.kind === 'f32-zero-inside') {
        const plan = { extents, window, zeroPoint, divisors, inside, rule, target }
        return plainIntegerKernels.averagePool(x, planes, plan, sums, out)
      }
      memory.beginCall()
      const cost = planes * extents.outH * extents.outW * window.kernel[0] * window.kernel[1]
      const common = [memory.input(x), ...windows(extents, window), zeroPoint, memory.input(divisors)]
      if (rule.kind === 'qdq') {
        const args = [...common, rule.scale, rule.outputScale, rule.before, ...limits(target), memory.output(out)]
        dispatch('averageQdq', planes, 4 * cost, args)
      } else {
        const isRaw = rule.kind === 'raw-half-away'
        const entries = isRaw ? [-1, 0, 0, 0] : table(rule.requantiser)
        const runs = isRaw ? [0, 0] : [memory.input(rule.runs), rule.runs.length / 3]
        const offset = isRaw ? rule.offset : 0
        const args = [...common, memory.input(inside), ...entries, ...runs, offset, ...limits(target)]
        dispatch('averageSums', planes, 2 * cost, [...args, memory.output(sums), memory.output(out)])
      }
      memory.endCall()
    },
    clampCodes(x, count, low, high, out) {
      memory.beginCall()
      dispatch('clampCodes', count, count, [memory.input(x), low, high, memory.output(out)])
      memory.endCall()
    },
    convolve(packed, images, plan, sums, out) {
      const { imagePairs, groupPairs, quadsPerRow, rowsPerBlock, groups, groupOut, outH, outW, slot } = plan
      memory.beginCall()
      const tiles = groups * ((groupOut >> 2) + (groupOut & 3))
      const units = images * Math.ceil(outH / rowsPerBlock) * tiles
      const taps = plan.offsets.length
      const args = [
        memory.input(packed),
        imagePairs,
        groupPairs,
        memory.input(plan.quads),
        quadsPerRow,
        rowsPerBlock,
        memory.input(plan.offsets),
        taps,
        memory.input(plan.weights),
        memory.input(plan.bias),
        ...pairs(plan.saturation),
        groups,
        groupOut,
        outH,
        outW,
        ...finish(plan.requantiser, plan.target, out),
        memory.output(sums),
        slot,
        memory.output(out),
      ]
      dispatch('convolve', units, 4 * images * groups * groupOut * outH * outW * taps, args)
      memory.endCall()
    },
    copyRuns(x, outer, run, outStart, outStride, out) {
      memory.beginCall()
      const args = [memory.input(x), run, outStride, memory.update(out) + outStart]
      dispatch('copyRuns', outer, outer * run, args)
      memory.endCall()
    },
    dequantiseCodes(codes, value, out) {
      if (codes instanceof Int16Array) return plainIntegerKernels.dequantiseCodes(codes, value, out)
      const { scale, zeroPoint } = value
      memory.beginCall()
      dispatch('dequantiseCodes', out.length, out.length, [memory.input(codes), scale, zeroPoint, memory.output(out)])
      memory.endCall()
    },
    gemm(packed, rows, { taps, channels, rowsPerBlock, weights, bias, saturation, requantiser, target }, sums, out) {
      memory.beginCall()
      const args = [
        memory.input(packed),
        rows,
        Math.ceil(taps / 2),
        rowsPerBlock,
        memory.input(weights),
        memory.input(bias),
        channels,
        ...pairs(saturation),
        ...finish(requantiser, target, out),
        memory.output(sums),
        memory.output(out),
      ]
      const units = Math.ceil(rows / rowsPerBlock) * Math.ceil(channels / 4)
      dispatch('gemm', units, 2 * rows * channels * taps, args)
      memory.endCall()
    },
    lookUp(x, count, codes, out) {
      memory.beginCall()
      dispatch('lookUp', count, 2 * count, [memory.input(x), memory.input(codes), memory.output(out)])
      memory.endCall()
    },
    maxPool(x, planes, extents, window, out) {
      memory.beginCall()
      const cost = planes * extents.outH * extents.outW * window.kernel[0] * window.kernel[1]
      dispatch('maxPool', planes, cost, [memory.input(x), ...windows(extents, window), memory.output(out)])
      memory.endCall()
    },
    mulQdq: (a, b, count, zero, scales, outputScale, before, out) =>
      pair('mulQdq', a, b, count, zero, [...scales, outputScale, before], out),
    mulRequantise(a, b, count, zero, requantiser, sums, out) {
      memory.beginCall()
      const args = [memory.input(a), memory.input(b), ...zero.zeroPoints, ...limits(zero), ...table(requantiser)]
      dispatch('mulRequantise', count, 16 * count, [...args, memory.output(sums), memory.output(out)])
      memory.endCall()
    },
    mulZeroInside: (a, b, count, zero, ratio, before, out) =>
      pair('mulZeroInside', a, b, count, zero, [ratio, before], out),
    narrowCodes(codes, offset, out) {
      memory.beginCall()
      dispatch('narrowCodes', codes.length, codes.length, [memory.input(codes), offset, memory.output(out)])
      memory.endCall()
    },
    packPlanes(x, images, geometry, packed) {
      const { channels, h, w, zeroPoint, groups, planes, channelStep, columnStep, top, left } = geometry
      const { strideH, strideW, phasesH, phasesW, phaseH, pitch } = geometry
      memory.beginCall()
      const place = [channels, h, w, zeroPoint, groups, planes, channelStep, columnStep, top, left]
      const phases = [strideH, strideW, phasesH, phasesW, phaseH, pitch]
      const units = images * groups * planes
      const args = [memory.input(x), ...place, ...phases, memory.output(packed)]
      dispatch('packPlanes', units, 2 * units * phasesH * phasesW * phaseH * pitch, args)
      memory.endCall()
    },
    packRows(x, rows, taps, zeroPoint, packed) {
      memory.beginCall()
      const args = [memory.input(x), rows, taps, zeroPoint, memory.output(packed)]
      dispatch('packRows', Math.ceil(rows / 8), rows * taps, args)
      memory.endCall()
    },
    quantiseCodes(x, value, rounding, out) {
      if (out instanceof Int16Array) return plainIntegerKernels.quantiseCodes(x, value, rounding, out)
      const { scale, zeroPoint, qmin, qmax } = value
      memory.beginCall()
      const mode = roundings.indexOf(rounding)
      const args = [memory.input(x), scale, zeroPoint, qmin, qmax, mode, memory.output(out)]
      dispatch('quantiseCodes', x.length, 4 * x.length, args)
      memory.endCall()
    },
    rangesOf(x, images, size, ranges) {
      memory.beginCall()
      dispatch('rangesOf', images, 2 * images * size, [memory.input(x), size, memory.output(ranges)])
      memory.endCall()
    },
    widenCodes(kept, offset, out) {
      memory.beginCall()
      dispatch('widenCodes', kept.length, kept.length, [memory.input(kept), offset, memory.output(out)])
      memory.endCall()
    },
  } satisfies IntegerKernels
}
