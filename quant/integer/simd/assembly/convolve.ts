import { requantiseRow } from './requantiseRow'
import { saturated } from './saturation'
import { storeTile } from './storeSums'

/** Four channels: sums of quads [from, to), two quads at a time, to acc, acc + pitch, ... (one row a channel). */
function dotFour(
  packed: usize,
  quads: usize,
  count: i32,
  offsets: usize,
  taps: i32,
  weights: usize,
  bias: usize,
  acc: usize,
  pitch: usize,
): void {
  for (let q = 0; q < count; q += 2) {
    const left = packed + <usize>load<u32>(quads + ((<usize>q) << 2))
    const right = q + 1 < count ? packed + <usize>load<u32>(quads + ((<usize>q) << 2), 4) : left
    let l0 = v128.load32_splat(bias)
    let l1 = v128.load32_splat(bias, 4)
    let l2 = v128.load32_splat(bias, 8)
    let l3 = v128.load32_splat(bias, 12)
    let r0 = l0
    let r1 = l1
    let r2 = l2
    let r3 = l3
    let w = weights
    let at = offsets
    const end = offsets + ((<usize>taps) << 2)
    while (at < end) {
      const offset = <usize>load<u32>(at)
      const x = v128.load(left + offset)
      const y = v128.load(right + offset)
      const w0 = v128.load32_splat(w)
      l0 = i32x4.add(l0, i32x4.dot_i16x8_s(x, w0))
      r0 = i32x4.add(r0, i32x4.dot_i16x8_s(y, w0))
      const w1 = v128.load32_splat(w, 4)
      l1 = i32x4.add(l1, i32x4.dot_i16x8_s(x, w1))
      r1 = i32x4.add(r1, i32x4.dot_i16x8_s(y, w1))
      const w2 = v128.load32_splat(w, 8)
      l2 = i32x4.add(l2, i32x4.dot_i16x8_s(x, w2))
      r2 = i32x4.add(r2, i32x4.dot_i16x8_s(y, w2))
      const w3 = v128.load32_splat(w, 12)
      l3 = i32x4.add(l3, i32x4.dot_i16x8_s(x, w3))
      r3 = i32x4.add(r3, i32x4.dot_i16x8_s(y, w3))
      w += 16
      at += 4
    }
    storeTile(acc + ((<usize>q) << 4), pitch, l0, r0, l1, r1, l2, r2, l3, r3)
  }
}

/** One channel: sums of quads, four at a time. */
function dotOne(
  packed: usize,
  quads: usize,
  count: i32,
  offsets: usize,
  taps: i32,
  weights: usize,
  bias: usize,
  acc: usize,
): void {
  const start = v128.load32_splat(bias)
  const end = offsets + ((<usize>taps) << 2)
  let q = 0
  for (; q <= count - 4; q += 4) {
    const entry = quads + ((<usize>q) << 2)
    const x0 = packed + <usize>load<u32>(entry)
    const x1 = packed + <usize>load<u32>(entry, 4)
    const x2 = packed + <usize>load<u32>(entry, 8)
    const x3 = packed + <usize>load<u32>(entry, 12)
    let a0 = start
    let a1 = start
    let a2 = start
    let a3 = start
    let w = weights
    for (let at = offsets; at < end; at += 4) {
      const offset = <usize>load<u32>(at)
      const wk = v128.load32_splat(w)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load(x0 + offset), wk))
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load(x1 + offset), wk))
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load(x2 + offset), wk))
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load(x3 + offset), wk))
      w += 4
    }
    const to = acc + ((<usize>q) << 4)
    v128.store(to, a0)
    v128.store(to, a1, 16)
    v128.store(to, a2, 32)
    v128.store(to, a3, 48)
  }
  for (; q < count; q++) {
    const x0 = packed + <usize>load<u32>(quads + ((<usize>q) << 2))
    let a0 = start
    let w = weights
    for (let at = offsets; at < end; at += 4) {
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load(x0 + <usize>load<u32>(at)), v128.load32_splat(w)))
      w += 4
    }
    v128.store(acc + ((<usize>q) << 4), a0)
  }
}

/** What saturation adds to the sums of one channel. */
function saturateRows(packed: usize, quads: usize, count: i32, starts: usize, entries: usize, acc: usize): void {
  const first = entries + <usize>(20 * load<i32>(starts))
  const end = entries + <usize>(20 * load<i32>(starts, 4))
  if (first === end) return
  for (let q = 0; q < count; q++, quads += 4, acc += 16) {
    v128.store(acc, saturated(v128.load(acc), packed + <usize>load<u32>(quads), 2, first, end))
  }
}

/**
 * Mirrors kernels/convolve.ts; `starts` is 0 where nothing saturates. Units are (image, block of rows, tile of channels), the
 * last fastest. The sums of a unit go to the slot of the first unit of the call, so that ranges that run at the same time have
 * slots of their own.
 */
export function convolve(
  packed: usize,
  imagePairs: i32,
  groupPairs: i32,
  quads: usize,
  quadsPerRow: i32,
  rowsPerBlock: i32,
  offsets: usize,
  taps: i32,
  weights: usize,
  bias: usize,
  starts: usize,
  entries: usize,
  groups: i32,
  groupOut: i32,
  outH: i32,
  outW: i32,
  kind: i32,
  scale: usize,
  multiplier: usize,
  shift: usize,
  zeroPoint: i32,
  low: i32,
  high: i32,
  sums: usize,
  slot: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const fours = groupOut >> 2
  const groupTiles = fours + (groupOut & 3)
  const tiles = groups * groupTiles
  const blocks = (outH + rowsPerBlock - 1) / rowsPerBlock
  const pixels = outH * outW
  const rowCodes = quadsPerRow << 2
  const acc = sums + ((<usize>(begin * slot)) << 2)
  const pitch = <usize>slot
  const size: usize = kind === 9 ? 2 : 0
  for (let unit = begin; unit < end; unit++) {
    const tile = unit % tiles
    const block = (unit / tiles) % blocks
    const image = unit / tiles / blocks
    const group = tile / groupTiles
    const inGroup = tile % groupTiles
    const isFour = inGroup < fours
    const width = isFour ? 4 : 1
    const channel = group * groupOut + (isFour ? inGroup << 2 : (fours << 2) + inGroup - fours)
    const firstRow = block * rowsPerBlock
    const rows = min(rowsPerBlock, outH - firstRow)
    const x = packed + ((<usize>(image * imagePairs + group * groupPairs)) << 2)
    const count = rows * quadsPerRow
    const positions = quads + ((<usize>(firstRow * quadsPerRow)) << 2)
    const w = weights + ((<usize>(channel * taps)) << 2)
    const b = bias + ((<usize>channel) << 2)
    if (isFour) dotFour(x, positions, count, offsets, taps, w, b, acc, pitch)
    else dotOne(x, positions, count, offsets, taps, w, b, acc)
    for (let j = 0; j < width; j++) {
      const c = channel + j
      let from = acc + <usize>j * pitch
      let to = out + ((<usize>((image * groups * groupOut + c) * pixels + firstRow * outW)) << size)
      if (starts !== 0) saturateRows(x, positions, count, starts + ((<usize>c) << 2), entries, from)
      if (outW === rowCodes) {
        requantiseRow(kind, scale, multiplier, shift, c, zeroPoint, low, high, from, rows * outW, to, 1)
        continue
      }
      for (let r = 0; r < rows; r++) {
        requantiseRow(kind, scale, multiplier, shift, c, zeroPoint, low, high, from, outW, to, 1)
        from += (<usize>rowCodes) << 2
        to += (<usize>outW) << size
      }
    }
  }
}
