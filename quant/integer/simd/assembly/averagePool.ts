import { requantiseRow } from './requantiseRow'

/** The sum of `count` consecutive codes. */
function sumOfRun(x: usize, count: i32): i32 {
  let lanes = i32x4.splat(0)
  let i = 0
  for (; i <= count - 16; i += 16) {
    const pairs = i16x8.extadd_pairwise_i8x16_s(v128.load(x + <usize>i))
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_s(pairs))
  }
  let sum =
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  for (; i < count; i++) sum += <i32>load<i8>(x + <usize>i)
  return sum
}

/** Mirrors windowSums of kernels/averagePool.ts. */
function windowSums(
  x: usize,
  h: i32,
  w: i32,
  outH: i32,
  outW: i32,
  kernelH: i32,
  kernelW: i32,
  strideH: i32,
  strideW: i32,
  dilationH: i32,
  dilationW: i32,
  top: i32,
  left: i32,
  zeroPoint: i32,
  sums: usize,
): void {
  for (let oy = 0; oy < outH; oy++) {
    for (let ox = 0; ox < outW; ox++, sums += 4) {
      let sum = 0
      for (let ky = 0; ky < kernelH; ky++) {
        const y = oy * strideH - top + ky * dilationH
        if (y < 0 || y >= h) continue
        for (let kx = 0; kx < kernelW; kx++) {
          const column = ox * strideW - left + kx * dilationW
          if (column >= 0 && column < w) sum += <i32>load<i8>(x + <usize>(y * w + column)) - zeroPoint
        }
      }
      store<i32>(sums, sum)
    }
  }
}

/** averagePool of kernels/averagePool.ts for 'raw-half-away' and 'requantise'; units are planes. */
export function averageSums(
  x: usize,
  h: i32,
  w: i32,
  outH: i32,
  outW: i32,
  kernelH: i32,
  kernelW: i32,
  strideH: i32,
  strideW: i32,
  dilationH: i32,
  dilationW: i32,
  top: i32,
  left: i32,
  zeroPoint: i32,
  divisors: usize,
  inside: usize,
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  runs: usize,
  runCount: i32,
  offset: i32,
  targetZero: i32,
  low: i32,
  high: i32,
  sums: usize,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const pixels = outH * outW
  const isWhole = pixels === 1 && kernelH === h && kernelW === w && top === 0 && left === 0
  const isDense = dilationH === 1 && dilationW === 1
  const acc = sums + ((<usize>(begin * (pixels + 3))) << 2)
  for (let plane = begin; plane < end; plane++) {
    const from = x + <usize>(plane * h * w)
    const to = out + <usize>(plane * pixels)
    if (isWhole && isDense) {
      store<i32>(acc, sumOfRun(from, h * w) - h * w * zeroPoint)
    } else {
      windowSums(
        from,
        h,
        w,
        outH,
        outW,
        kernelH,
        kernelW,
        strideH,
        strideW,
        dilationH,
        dilationW,
        top,
        left,
        zeroPoint,
        acc,
      )
    }
    if (kind >= 0) {
      for (let r = 0; r < runCount; r++) {
        const run = runs + <usize>(12 * r)
        const entry = load<i32>(run)
        const p = <usize>load<i32>(run, 4)
        const count = load<i32>(run, 8)
        requantiseRow(kind, scale, multiplier, shift, entry, targetZero, low, high, acc + (p << 2), count, to + p, 1)
      }
      continue
    }
    for (let p = 0; p < pixels; p++) {
      const at = (<usize>p) << 2
      const n = load<i32>(divisors + at)
      const padding = <f64>targetZero * <f64>(n - load<i32>(inside + at))
      const v = (<f64>load<i32>(acc + at) + padding) / <f64>n
      const t = trunc<f64>(v)
      const q = abs<f64>(v - t) >= 0.5 ? t + copysign<f64>(1, v) : t
      store<u8>(to + <usize>p, <i32>min<f64>(max<f64>(q, <f64>low), <f64>high) - offset)
    }
  }
}

/** averagePool of kernels/averagePool.ts for 'qdq'; units are planes. */
export function averageQdq(
  x: usize,
  h: i32,
  w: i32,
  outH: i32,
  outW: i32,
  kernelH: i32,
  kernelW: i32,
  strideH: i32,
  strideW: i32,
  dilationH: i32,
  dilationW: i32,
  top: i32,
  left: i32,
  inputZero: i32,
  divisors: usize,
  scale: f32,
  outputScale: f32,
  before: f32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const pixels = outH * outW
  for (let plane = begin; plane < end; plane++) {
    const from = x + <usize>(plane * h * w)
    for (let oy = 0; oy < outH; oy++) {
      for (let ox = 0; ox < outW; ox++) {
        let sum: f32 = 0
        for (let ky = 0; ky < kernelH; ky++) {
          const y = oy * strideH - top + ky * dilationH
          if (y < 0 || y >= h) continue
          for (let kx = 0; kx < kernelW; kx++) {
            const column = ox * strideW - left + kx * dilationW
            if (column < 0 || column >= w) continue
            sum += <f32>(<i32>load<i8>(from + <usize>(y * w + column)) - inputZero) * scale
          }
        }
        const p = oy * outW + ox
        const n = <f32>load<i32>(divisors + ((<usize>p) << 2))
        const q = <f64>nearest<f32>(sum / n / outputScale + before) + <f64>zeroPoint
        const code = <i32>min<f64>(max<f64>(q, <f64>low), <f64>high)
        store<u8>(out + <usize>(plane * pixels + p), code)
      }
    }
  }
}
