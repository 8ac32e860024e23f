/**
 * The product of the weight gradient, kernels/conv2dGradWeight.ts: per output four f32 accumulators, the lanes of one
 * vector, over vectors of four pixels of a line. Four columns (taps of the kernel) are gathered into a panel that stays
 * in the cache while all rows (output channels) pass over it, two rows at a time.
 */

/**
 * Rows of pictures, two by two, for laneProduct: out[pair][n, y, x / 4][2] vectors of four pixels, the last of a line
 * filled up with 0; an odd last row stands twice. Row r of picture n is at x + n * image + r * row (bytes), `lines` lines
 * of `width` floats. Units are pairs.
 */
export function packLanes(
  x: usize,
  image: usize,
  row: usize,
  rows: i32,
  batch: i32,
  lines: i32,
  width: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  const vectors = (width + 3) >> 2
  const lineBytes = (<usize>width) << 2
  const whole = (<usize>(width >> 2)) << 4
  for (let pair = begin; pair < end; pair++) {
    let to = out + <usize>pair * <usize>(batch * lines * vectors) * 32
    const second = 2 * pair + 1 < rows ? row : 0
    for (let n = 0; n < batch; n++) {
      let line = x + <usize>n * image + <usize>(2 * pair) * row
      for (let y = 0; y < lines; y++, line += lineBytes) {
        let at: usize = 0
        for (; at < whole; at += 16, to += 32) {
          v128.store(to, v128.load(line + at))
          v128.store(to, v128.load(line + second + at), 16)
        }
        if (at < lineBytes) {
          v128.store(to, loadTail(line + at, width & 3))
          v128.store(to, loadTail(line + second + at, width & 3), 16)
          to += 32
        }
      }
    }
  }
}

/** The 1 to 3 floats at the end of a line, then zeros. */
function loadTail(from: usize, count: i32): v128 {
  let v = v128.load32_zero(from)
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(from, 4))
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(from, 8))
  return v
}

/** All ones in the first `count` lanes, 1 to 4. */
export function laneMask(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count))
}

/**
 * out[r, j] = the sum over pixels (n, y, x) of a[r, pixel] * b[n * bImage + y * bLine + 4 x + taps[j]], `a` as packLanes
 * leaves it from `batch` pictures of `lines` lines of `width` pixels; distances in bytes. Pixel x goes to lane x mod 4; at
 * the end (l0 + l2) + (l1 + l3). A panel holds `block` vectors of pixels at most, a multiple of 16. Units are runs of
 * `panels` panels of 4 columns; a call works in the slot of its first unit, `slot` bytes each: a table of 4 bytes a
 * vector, a panel of 64 bytes a vector, then 128 bytes for every panel and pair of rows.
 */
export function laneProduct(
  a: usize,
  rows: i32,
  b: usize,
  taps: usize,
  columns: i32,
  bImage: usize,
  bLine: usize,
  batch: i32,
  lines: i32,
  width: i32,
  out: usize,
  block: i32,
  panels: i32,
  scratch: usize,
  slot: usize,
  begin: i32,
  end: i32,
): void {
  const from = scratch + <usize>begin * slot
  const panel = from + ((<usize>block) << 2)
  const sums = panel + ((<usize>block) << 6)
  const vectors = (width + 3) >> 2
  const depth = batch * lines * vectors
  const pairs = (rows + 1) >> 1
  for (let unit = begin; unit < end; unit++) {
    const first = unit * panels * 4
    const stop = min(first + panels * 4, columns)
    for (let k = 0; k < depth; k += block) {
      const length = min(depth - k, block)
      locateVectors(k, length, vectors, lines, bImage, bLine, from)
      let sum = sums
      for (let column = first; column < stop; column += 4) {
        gatherLanes(b, from, taps, column, columns, k, length, width, panel)
        let rowsAt = a + ((<usize>k) << 5)
        for (let pair = 0; pair < pairs; pair++, sum += 128, rowsAt += (<usize>depth) << 5) {
          multiplyLanes(rowsAt, panel, length, k === 0, sum)
        }
      }
    }
    let sum = sums
    for (let column = first; column < stop; column += 4) {
      const count = min(stop - column, 4)
      for (let r = 0; r < rows; r++, sum += 64) {
        const to = out + ((<usize>(r * columns + column)) << 2)
        for (let j: usize = 0; j < <usize>count; j++) store<f32>(to + 4 * j, sumOfLanes(sum + 16 * j))
      }
      if (rows & 1) sum += 64
    }
  }
}

/** (l0 + l2) + (l1 + l3). */
export function sumOfLanes(lanes: usize): f32 {
  return load<f32>(lanes) + load<f32>(lanes, 8) + (load<f32>(lanes, 4) + load<f32>(lanes, 12))
}

/** Where `length` vectors of pixels from number k on lie, as byte offsets. */
function locateVectors(k: i32, length: i32, vectors: i32, lines: i32, image: usize, line: usize, table: usize): void {
  let x = k % vectors
  let y = (k / vectors) % lines
  let n = k / (vectors * lines)
  for (const end = table + ((<usize>length) << 2); table < end; table += 4) {
    store<i32>(table, <i32>(<usize>n * image + <usize>y * line + ((<usize>x) << 4)))
    if (++x < vectors) continue
    x = 0
    if (++y < lines) continue
    y = 0
    n++
  }
}

/** panel[vector][4] = the vectors of four taps from `column` on; pixels beyond the end of a line are 0. */
function gatherLanes(
  b: usize,
  from: usize,
  taps: usize,
  column: i32,
  columns: i32,
  k: i32,
  length: i32,
  width: i32,
  panel: usize,
): void {
  const last = columns - 1
  const b0 = b + <usize>load<i32>(taps + ((<usize>column) << 2))
  const b1 = b + <usize>load<i32>(taps + ((<usize>min(column + 1, last)) << 2))
  const b2 = b + <usize>load<i32>(taps + ((<usize>min(column + 2, last)) << 2))
  const b3 = b + <usize>load<i32>(taps + ((<usize>min(column + 3, last)) << 2))
  let to = panel
  for (const end = from + ((<usize>length) << 2); from < end; from += 4, to += 64) {
    const at = <usize>load<i32>(from)
    v128.store(to, v128.load(b0 + at))
    v128.store(to, v128.load(b1 + at), 16)
    v128.store(to, v128.load(b2 + at), 32)
    v128.store(to, v128.load(b3 + at), 48)
  }
  if ((width & 3) === 0) return
  const vectors = (width + 3) >> 2
  const mask = laneMask(width & 3)
  for (let i = vectors - 1 - (k % vectors); i < length; i += vectors) {
    to = panel + ((<usize>i) << 6)
    v128.store(to, v128.and(v128.load(to), mask))
    v128.store(to, v128.and(v128.load(to, 16), mask), 16)
    v128.store(to, v128.and(v128.load(to, 32), mask), 32)
    v128.store(to, v128.and(v128.load(to, 48), mask), 48)
  }
}

/** sums[2][4] (+)= a[depth][2] times panel[depth][4], vectors. Why the test inside the loop: see multiplyPanel. */
function multiplyLanes(a: usize, panel: usize, depth: i32, isFirst: bool, sums: usize): void {
  let c0 = f32x4.splat(0)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let d0 = c0
  let d1 = c0
  let d2 = c0
  let d3 = c0
  if (!isFirst) {
    c0 = v128.load(sums)
    c1 = v128.load(sums, 16)
    c2 = v128.load(sums, 32)
    c3 = v128.load(sums, 48)
    d0 = v128.load(sums, 64)
    d1 = v128.load(sums, 80)
    d2 = v128.load(sums, 96)
    d3 = v128.load(sums, 112)
  }
  const end = panel + ((<usize>depth) << 6)
  while (true) {
    let v = v128.load(a)
    let w = v128.load(a, 16)
    let x = v128.load(panel)
    c0 = f32x4.add(c0, f32x4.mul(v, x))
    d0 = f32x4.add(d0, f32x4.mul(w, x))
    x = v128.load(panel, 16)
    c1 = f32x4.add(c1, f32x4.mul(v, x))
    d1 = f32x4.add(d1, f32x4.mul(w, x))
    x = v128.load(panel, 32)
    c2 = f32x4.add(c2, f32x4.mul(v, x))
    d2 = f32x4.add(d2, f32x4.mul(w, x))
    x = v128.load(panel, 48)
    c3 = f32x4.add(c3, f32x4.mul(v, x))
    d3 = f32x4.add(d3, f32x4.mul(w, x))
    if (panel + 64 >= end) break
    v = v128.load(a, 32)
    w = v128.load(a, 48)
    x = v128.load(panel, 64)
    c0 = f32x4.add(c0, f32x4.mul(v, x))
    d0 = f32x4.add(d0, f32x4.mul(w, x))
    x = v128.load(panel, 80)
    c1 = f32x4.add(c1, f32x4.mul(v, x))
    d1 = f32x4.add(d1, f32x4.mul(w, x))
    x = v128.load(panel, 96)
    c2 = f32x4.add(c2, f32x4.mul(v, x))
    d2 = f32x4.add(d2, f32x4.mul(w, x))
    x = v128.load(panel, 112)
    c3 = f32x4.add(c3, f32x4.mul(v, x))
    d3 = f32x4.add(d3, f32x4.mul(w, x))
    a += 64
    panel += 128
    if (panel >= end) break
  }
  v128.store(sums, c0)
  v128.store(sums, c1, 16)
  v128.store(sums, c2, 32)
  v128.store(sums, c3, 48)
  v128.store(sums, d0, 64)
  v128.store(sums, d1, 80)
  v128.store(sums, d2, 96)
  v128.store(sums, d3, 112)
}
