import { requantiseRow } from './requantiseRow'
import { saturated } from './saturation'
import { storeTile } from './storeSums'

/** Eight codes minus the zero point as int16; those from `count` on are 0. */
function centred(x: usize, count: i32, zeroPoint: i32): v128 {
  if (count >= 8) return i16x8.sub(v128.load8x8_s(x), i16x8.splat(<i16>zeroPoint))
  let low: u64 = 0
  let high: u64 = 0
  for (let k = count - 1; k >= 0; k--) {
    const code = <u64>(<u16>(<i32>load<i8>(x + <usize>k) - zeroPoint))
    if (k >= 4) high = (high << 16) | code
    else low = (low << 16) | code
  }
  return i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high)
}

/** Four rows, eight steps of k from x on: pairs of one k stand side by side, 32 bytes apart. */
function packFour(x: usize, taps: usize, count: i32, zeroPoint: i32, pairs: i32, to: usize): void {
  const a = centred(x, count, zeroPoint)
  const b = centred(x + taps, count, zeroPoint)
  const c = centred(x + 2 * taps, count, zeroPoint)
  const d = centred(x + 3 * taps, count, zeroPoint)
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2))
  if (pairs > 1) v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32)
  const above = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const below = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  if (pairs > 2) v128.store(to, v128.shuffle<i64>(above, below, 0, 2), 64)
  if (pairs > 3) v128.store(to, v128.shuffle<i64>(above, below, 1, 3), 96)
}

/** Mirrors packRows of kernels/gemm.ts; units are tiles of eight rows, the last of which may hold fewer. */
export function packRows(x: usize, rows: i32, taps: i32, zeroPoint: i32, packed: usize, begin: i32, end: i32): void {
  const pairs = (taps + 1) >> 1
  const length = <usize>taps
  for (let tile = begin; tile < end; tile++) {
    const from = x + <usize>(tile * 8) * length
    const to = packed + ((<usize>(tile * pairs)) << 5)
    if (rows - tile * 8 >= 8) {
      for (let pair = 0; pair < pairs; pair += 4) {
        const k = pair << 1
        const at = to + ((<usize>pair) << 5)
        packFour(from + <usize>k, length, taps - k, zeroPoint, pairs - pair, at)
        packFour(from + <usize>k + 4 * length, length, taps - k, zeroPoint, pairs - pair, at + 16)
      }
      continue
    }
    for (let row = 0; row < rows - tile * 8; row++) {
      const line = from + <usize>row * length
      for (let pair = 0; pair < pairs; pair++) {
        const k = pair << 1
        const lower = <i32>load<i8>(line + <usize>k) - zeroPoint
        const upper = k + 1 < taps ? <i32>load<i8>(line + <usize>k, 1) - zeroPoint : 0
        store<i32>(to + ((<usize>(row * pairs + pair)) << 2), (upper << 16) | (lower & 0xffff))
      }
    }
  }
}

/**
 * Four channels by eight rows; both operands lie in the order in which they are read. The test inside the loop keeps the
 * compiler from loading the second pair's operands before the first's sums, for which there are not enough registers.
 */
function dotTile(x: usize, pairs: i32, w: usize, bias: usize, acc: usize, pitch: usize): void {
  let l0 = v128.load32_splat(bias)
  let l1 = v128.load32_splat(bias, 4)
  let l2 = v128.load32_splat(bias, 8)
  let l3 = v128.load32_splat(bias, 12)
  let r0 = l0
  let r1 = l1
  let r2 = l2
  let r3 = l3
  const end = x + ((<usize>pairs) << 5)
  while (x < end) {
    let left = v128.load(x)
    let right = v128.load(x, 16)
    let y = v128.load32_splat(w)
    l0 = i32x4.add(l0, i32x4.dot_i16x8_s(left, y))
    r0 = i32x4.add(r0, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 4)
    l1 = i32x4.add(l1, i32x4.dot_i16x8_s(left, y))
    r1 = i32x4.add(r1, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 8)
    l2 = i32x4.add(l2, i32x4.dot_i16x8_s(left, y))
    r2 = i32x4.add(r2, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 12)
    l3 = i32x4.add(l3, i32x4.dot_i16x8_s(left, y))
    r3 = i32x4.add(r3, i32x4.dot_i16x8_s(right, y))
    if (x + 32 >= end) break
    left = v128.load(x, 32)
    right = v128.load(x, 48)
    y = v128.load32_splat(w, 16)
    l0 = i32x4.add(l0, i32x4.dot_i16x8_s(left, y))
    r0 = i32x4.add(r0, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 20)
    l1 = i32x4.add(l1, i32x4.dot_i16x8_s(left, y))
    r1 = i32x4.add(r1, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 24)
    l2 = i32x4.add(l2, i32x4.dot_i16x8_s(left, y))
    r2 = i32x4.add(r2, i32x4.dot_i16x8_s(right, y))
    y = v128.load32_splat(w, 28)
    l3 = i32x4.add(l3, i32x4.dot_i16x8_s(left, y))
    r3 = i32x4.add(r3, i32x4.dot_i16x8_s(right, y))
    x += 64
    w += 32
  }
  storeTile(acc, pitch, l0, r0, l1, r1, l2, r2, l3, r3)
}

/** Four channels of one row. */
function dotRow(x: usize, pairs: i32, w: usize, bias: usize, acc: usize, pitch: usize): void {
  let even = v128.load(bias)
  let odd = i32x4.splat(0)
  let k = 0
  for (; k <= pairs - 2; k += 2, x += 8, w += 32) {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load(w), v128.load32_splat(x)))
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(v128.load(w, 16), v128.load32_splat(x, 4)))
  }
  if (k < pairs) even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load(w), v128.load32_splat(x)))
  const sums = i32x4.add(even, odd)
  store<i32>(acc, i32x4.extract_lane(sums, 0))
  store<i32>(acc + pitch, i32x4.extract_lane(sums, 1))
  store<i32>(acc + 2 * pitch, i32x4.extract_lane(sums, 2))
  store<i32>(acc + 3 * pitch, i32x4.extract_lane(sums, 3))
}

/** What saturation adds to the sums of one channel: tiles of eight rows, then single ones. */
function saturateColumn(x: usize, count: i32, pairs: i32, starts: usize, entries: usize, acc: usize): void {
  const first = entries + <usize>(20 * load<i32>(starts))
  const end = entries + <usize>(20 * load<i32>(starts, 4))
  const length = (<usize>pairs) << 2
  let row = 0
  for (; row <= count - 8; row += 8, x += length << 3, acc += 32) {
    v128.store(acc, saturated(v128.load(acc), x, 5, first, end))
    v128.store(acc, saturated(v128.load(acc, 16), x + 16, 5, first, end), 16)
  }
  for (; row < count; row++, x += length, acc += 4) {
    v128.store32_lane(acc, saturated(v128.load(acc), x, 2, first, end), 0)
  }
}

/** Four rows of codes as columns: those of one position side by side, `stride` bytes from those of the next. */
function storeColumns(codes: usize, pitch: usize, count: i32, out: usize, stride: usize): void {
  for (let r = 0; r < count; r += 4, codes += 4, out += 4 * stride) {
    const a = v128.load32_zero(codes)
    const b = v128.load32_zero(codes + pitch)
    const c = v128.load32_zero(codes + 2 * pitch)
    const d = v128.load32_zero(codes + 3 * pitch)
    const ab = v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    const cd = v128.shuffle<i8>(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    const words = v128.shuffle<i16>(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11)
    v128.store32_lane(out, words, 0)
    if (r + 1 < count) v128.store32_lane(out + stride, words, 1)
    if (r + 2 < count) v128.store32_lane(out + 2 * stride, words, 2)
    if (r + 3 < count) v128.store32_lane(out + 3 * stride, words, 3)
  }
}

/**
 * Mirrors gemm of kernels/gemm.ts; `starts` is 0 where nothing saturates. Units are (block of rows, tile of four channels), the
 * last fastest. The sums of a unit go to the slot of the first unit of the call, so that ranges that run at the same time have
 * slots of their own.
 */
export function gemm(
  packed: usize,
  rows: i32,
  pairs: i32,
  rowsPerBlock: i32,
  weights: usize,
  bias: usize,
  channels: i32,
  starts: usize,
  entries: usize,
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  zeroPoint: i32,
  low: i32,
  high: i32,
  sums: usize,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const tiles = (channels + 3) >> 2
  const pitch = (<usize>rowsPerBlock) << 2
  const acc = sums + ((<usize>begin) << 2) * pitch
  const size: usize = kind === 9 ? 2 : 0
  for (let unit = begin; unit < end; unit++) {
    const channel = (unit % tiles) << 2
    const first = (unit / tiles) * rowsPerBlock
    const count = min(rowsPerBlock, rows - first)
    const x = packed + ((<usize>(first * pairs)) << 2)
    const w = weights + ((<usize>(channel * pairs)) << 2)
    const b = bias + ((<usize>channel) << 2)
    let row = 0
    for (; row <= count - 8; row += 8) {
      dotTile(x + ((<usize>(row * pairs)) << 2), pairs, w, b, acc + ((<usize>row) << 2), pitch)
    }
    for (; row < count; row++) {
      dotRow(x + ((<usize>(row * pairs)) << 2), pairs, w, b, acc + ((<usize>row) << 2), pitch)
    }
    // Four channels become rows of codes where their sums were (codes lag behind what is read), then columns of `out`.
    const isFull = kind !== 9 && channel + 4 <= channels
    const to = out + ((<usize>(first * channels + channel)) << size)
    for (let j = 0; j < min(4, channels - channel); j++) {
      const from = acc + <usize>j * pitch
      const target = isFull ? from : to + ((<usize>j) << size)
      if (starts !== 0) saturateColumn(x, count, pairs, starts + ((<usize>(channel + j)) << 2), entries, from)
      const stride = isFull ? 1 : channels
      requantiseRow(kind, scale, multiplier, shift, channel + j, zeroPoint, low, high, from, count, target, stride)
    }
    if (isFull) storeColumns(acc, pitch, count, to, <usize>channels)
  }
}
