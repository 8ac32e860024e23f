/**
 * The product that matrix multiplication and every pass of the convolution share, as in kernels/gatherProduct.ts: per
 * output one f32 accumulator from +0, k ascending. Sixteen columns at a time are gathered into a panel that stays in the
 * cache while all rows pass over it, two rows at a time: eight accumulators of four lanes are what 16 registers hold
 * beside the operands. A great depth is cut into blocks so that the panel fits; between blocks the accumulators wait in
 * memory, which changes no bit.
 */

/**
 * out[r, j] = (sum over k of a[r, k] * b[j, k]) + bias[r] for rows 0 ... rows - 1 of `a` as packRows leaves them. All
 * distances are in bytes. Column j is pixel (x, y) of picture n, j = n * imageColumns + y * lineColumns + x: it reads
 * b + n * bImage + y * bLine + x * bColumn + taps[k], and writes out + n * outImage + y * outLine + x * outColumn + r *
 * outRow. `consecutive` 1: taps[k] is 4 k. `bias` 0: none. A panel holds `block` taps at most. Units are runs of
 * `panels` panels; a call works in the slot of its first unit, `slot` bytes each: two tables of 64 bytes, a panel of 64
 * bytes a tap, a tile of 64 bytes a row.
 */
export function gatherProduct(
  a: usize,
  rows: i32,
  depth: i32,
  bias: usize,
  b: usize,
  taps: usize,
  consecutive: i32,
  columns: i32,
  imageColumns: i32,
  lineColumns: i32,
  bImage: usize,
  bLine: usize,
  bColumn: usize,
  out: usize,
  outRow: usize,
  outImage: usize,
  outLine: usize,
  outColumn: usize,
  block: i32,
  panels: i32,
  scratch: usize,
  slot: usize,
  begin: i32,
  end: i32,
): void {
  const from = scratch + <usize>begin * slot
  const to = from + 64
  const panel = to + 64
  const tile = panel + 64 * <usize>min(depth, block)
  const stop = min(end * panels * 16, columns)
  for (let column = begin * panels * 16; column < stop; column += 16) {
    const source = runOf(column, columns, imageColumns, lineColumns, bImage, bLine, bColumn)
    const target = runOf(column, columns, imageColumns, lineColumns, outImage, outLine, outColumn)
    if (source === -1) locate(column, columns, imageColumns, lineColumns, bImage, bLine, bColumn, from)
    if (target === -1) locate(column, columns, imageColumns, lineColumns, outImage, outLine, outColumn, to)
    for (let k = 0; k < depth; k += block) {
      const length = min(depth - k, block)
      const blockTaps = taps + ((<usize>k) << 2)
      if (source === -1) gatherPanel(b, from, blockTaps, length, consecutive, panel)
      else copyPanel(b + <usize>source, blockTaps, length, panel)
      const isLast = k + length === depth
      const isDirect = isLast && target !== -1
      const c = isDirect ? out + <usize>target : tile
      const cRow: usize = isDirect ? outRow : 64
      for (let r = 0; r < rows; r += 2) {
        multiplyPanel(
          a + (<usize>r * <usize>depth + 2 * <usize>k) * 4,
          panel,
          length,
          k ? tile + ((<usize>r) << 6) : 0,
          isLast && bias ? bias + ((<usize>r) << 2) : 0,
          c + <usize>r * cRow,
          r + 1 < rows ? cRow : 0,
        )
      }
    }
    if (target === -1) scatter(tile, rows, min(columns - column, 16), to, out, outRow)
  }
}

/** The byte offset of 16 columns from `column` on if they lie one after the other, else -1. */
function runOf(
  column: i32,
  columns: i32,
  imageColumns: i32,
  lineColumns: i32,
  image: usize,
  line: usize,
  step: usize,
): i32 {
  const rest = column % imageColumns
  const x = rest % lineColumns
  const left = line === (<usize>lineColumns) << 2 ? imageColumns - rest : lineColumns - x
  if (step !== 4 || left < 16 || columns - column < 16) return -1
  return <i32>(<usize>(column / imageColumns) * image + <usize>(rest / lineColumns) * line + ((<usize>x) << 2))
}

/** Where 16 columns from `column` on lie, as byte offsets; those beyond the last repeat it. */
function locate(
  column: i32,
  columns: i32,
  imageColumns: i32,
  lineColumns: i32,
  image: usize,
  line: usize,
  step: usize,
  table: usize,
): void {
  const rest = column % imageColumns
  let y = rest / lineColumns
  let x = rest % lineColumns
  let start = <usize>(column / imageColumns) * image
  let offset = start + <usize>y * line + <usize>x * step
  const lines = imageColumns / lineColumns
  for (let i: usize = 0; i < 64; i += 4) {
    store<i32>(table + i, <i32>offset)
    if (++column >= columns) continue
    offset += step
    if (++x < lineColumns) continue
    x = 0
    if (++y === lines) {
      y = 0
      start += image
    }
    offset = start + <usize>y * line
  }
}

/** Whether four offsets are those of consecutive floats. */
function isRun(table: usize): bool {
  const first = load<i32>(table)
  return load<i32>(table, 4) === first + 4 && load<i32>(table, 8) === first + 8 && load<i32>(table, 12) === first + 12
}

/** panel[k][16] = the taps of 16 columns that lie one after the other. */
function copyPanel(b: usize, taps: usize, depth: i32, panel: usize): void {
  for (const end = taps + ((<usize>depth) << 2); taps < end; taps += 4, panel += 64) {
    const at = b + <usize>load<i32>(taps)
    v128.store(panel, v128.load(at))
    v128.store(panel, v128.load(at, 16), 16)
    v128.store(panel, v128.load(at, 32), 32)
    v128.store(panel, v128.load(at, 48), 48)
  }
}

/** panel[k][16] = the taps of 16 columns that lie anywhere. */
function gatherPanel(b: usize, from: usize, taps: usize, depth: i32, consecutive: i32, panel: usize): void {
  if (isRun(from) && isRun(from + 16) && isRun(from + 32) && isRun(from + 48)) {
    const b0 = b + <usize>load<i32>(from)
    const b1 = b + <usize>load<i32>(from, 16)
    const b2 = b + <usize>load<i32>(from, 32)
    const b3 = b + <usize>load<i32>(from, 48)
    const end = taps + ((<usize>depth) << 2)
    for (; taps < end; taps += 4, panel += 64) {
      const tap = <usize>load<i32>(taps)
      v128.store(panel, v128.load(b0 + tap))
      v128.store(panel, v128.load(b1 + tap), 16)
      v128.store(panel, v128.load(b2 + tap), 32)
      v128.store(panel, v128.load(b3 + tap), 48)
    }
    return
  }
  for (let v: usize = 0; v < 64; v += 16) {
    const b0 = b + <usize>load<i32>(from + v)
    const b1 = b + <usize>load<i32>(from + v, 4)
    const b2 = b + <usize>load<i32>(from + v, 8)
    const b3 = b + <usize>load<i32>(from + v, 12)
    let to = panel + v
    let k = 0
    if (isRun(from + v)) {
      for (; k < depth; k++, to += 64) {
        v128.store(to, v128.load(b0 + <usize>load<i32>(taps + ((<usize>k) << 2))))
      }
      continue
    }
    if (consecutive) {
      const tap = <usize>load<i32>(taps)
      for (; k <= depth - 4; k += 4, to += 256) {
        const at = tap + ((<usize>k) << 2)
        const v0 = v128.load(b0 + at)
        const v1 = v128.load(b1 + at)
        const v2 = v128.load(b2 + at)
        const v3 = v128.load(b3 + at)
        const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5)
        const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7)
        const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5)
        const high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7)
        v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2))
        v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 64)
        v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 128)
        v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 192)
      }
    }
    for (; k < depth; k++, to += 64) {
      const tap = <usize>load<i32>(taps + ((<usize>k) << 2))
      store<f32>(to, load<f32>(b0 + tap))
      store<f32>(to, load<f32>(b1 + tap), 4)
      store<f32>(to, load<f32>(b2 + tap), 8)
      store<f32>(to, load<f32>(b3 + tap), 12)
    }
  }
}

/**
 * c[2][16] = previous[2][16] + a[depth][2] times panel[depth][16], then plus bias[2]. `previous` 0: from +0. `bias` 0:
 * none. `cRow` 0: there is no second row. The test for the end between two taps is there for the compiler: it keeps it
 * from moving loads of the second tap before the sums of the first, which would need more registers than there are.
 */
function multiplyPanel(a: usize, panel: usize, depth: i32, previous: usize, bias: usize, c: usize, cRow: usize): void {
  let c0 = f32x4.splat(0)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let d0 = c0
  let d1 = c0
  let d2 = c0
  let d3 = c0
  if (previous) {
    c0 = v128.load(previous)
    c1 = v128.load(previous, 16)
    c2 = v128.load(previous, 32)
    c3 = v128.load(previous, 48)
    d0 = v128.load(previous, 64)
    d1 = v128.load(previous, 80)
    d2 = v128.load(previous, 96)
    d3 = v128.load(previous, 112)
  }
  const end = panel + ((<usize>depth) << 6)
  while (true) {
    let v = v128.load32_splat(a)
    let w = v128.load32_splat(a, 4)
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
    v = v128.load32_splat(a, 8)
    w = v128.load32_splat(a, 12)
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
    a += 16
    panel += 128
    if (panel >= end) break
  }
  if (bias) {
    const v = v128.load32_splat(bias)
    c0 = f32x4.add(c0, v)
    c1 = f32x4.add(c1, v)
    c2 = f32x4.add(c2, v)
    c3 = f32x4.add(c3, v)
    if (cRow) {
      const w = v128.load32_splat(bias, 4)
      d0 = f32x4.add(d0, w)
      d1 = f32x4.add(d1, w)
      d2 = f32x4.add(d2, w)
      d3 = f32x4.add(d3, w)
    }
  }
  v128.store(c, c0)
  v128.store(c, c1, 16)
  v128.store(c, c2, 32)
  v128.store(c, c3, 48)
  if (cRow) {
    const d = c + cRow
    v128.store(d, d0)
    v128.store(d, d1, 16)
    v128.store(d, d2, 32)
    v128.store(d, d3, 48)
  }
}

/** Copies `count` columns of a tile to where they belong. */
function scatter(tile: usize, rows: i32, count: i32, to: usize, out: usize, outRow: usize): void {
  for (let r = 0; r < rows; r++, tile += 64, out += outRow) {
    for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
      store<f32>(out + <usize>load<i32>(to + i), load<f32>(tile + i))
    }
  }
}
