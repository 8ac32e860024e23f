/**
 * The inner loop that the matrix product and every pass of the convolution share. For row i and column j
 *
 *     out[outOffset + i * outRow + outColumns[j]] += sum over k of a[aOffset + i * aRow + k] * b[columns[j] + taps[k]]
 *
 * in one f32 accumulator that starts from what `out` holds, k ascending, every product and every sum rounded to f32. A
 * tile of outputs lives in local variables; which tile an output falls into does not touch its bits.
 */

const f32 = Math.fround

/** Adds the product to `out`; see the top of the file. No two columns may write to the same place. */
export function gatherProduct(
  a: Float32Array,
  aOffset: number,
  aRow: number,
  rows: number,
  b: Float32Array,
  columns: Int32Array,
  taps: Int32Array,
  out: Float32Array,
  outOffset: number,
  outRow: number,
  outColumns: Int32Array,
): void {
  let i = 0
  for (; i + 4 <= rows; i += 4) {
    fourRows(a, aOffset + i * aRow, aRow, b, columns, taps, out, outOffset + i * outRow, outRow, outColumns)
  }
  for (; i < rows; i++) oneRow(a, aOffset + i * aRow, b, columns, taps, out, outOffset + i * outRow, outColumns)
}

/** Four rows, tiles of 4 x 4. The last tile repeats the last column to be full: the same value is stored again. */
function fourRows(
  a: Float32Array,
  aOffset: number,
  aRow: number,
  b: Float32Array,
  columns: Int32Array,
  taps: Int32Array,
  out: Float32Array,
  outOffset: number,
  outRow: number,
  outColumns: Int32Array,
): void {
  const last = columns.length - 1
  const depth = taps.length
  const a0 = aOffset
  const a1 = a0 + aRow
  const a2 = a1 + aRow
  const a3 = a2 + aRow
  for (let j = 0; j <= last; j += 4) {
    const j1 = Math.min(j + 1, last)
    const j2 = Math.min(j + 2, last)
    const j3 = Math.min(j + 3, last)
    const b0 = columns[j]
    const b1 = columns[j1]
    const b2 = columns[j2]
    const b3 = columns[j3]
    const o0 = outOffset + outColumns[j]
    const o1 = outOffset + outColumns[j1]
    const o2 = outOffset + outColumns[j2]
    const o3 = outOffset + outColumns[j3]
    const row2 = 2 * outRow
    const row3 = 3 * outRow
    let s00 = out[o0]
    let s01 = out[o1]
    let s02 = out[o2]
    let s03 = out[o3]
    let s10 = out[o0 + outRow]
    let s11 = out[o1 + outRow]
    let s12 = out[o2 + outRow]
    let s13 = out[o3 + outRow]
    let s20 = out[o0 + row2]
    let s21 = out[o1 + row2]
    let s22 = out[o2 + row2]
    let s23 = out[o3 + row2]
    let s30 = out[o0 + row3]
    let s31 = out[o1 + row3]
    let s32 = out[o2 + row3]
    let s33 = out[o3 + row3]
    for (let k = 0; k < depth; k++) {
      const tap = taps[k]
      const x0 = b[b0 + tap]
      const x1 = b[b1 + tap]
      const x2 = b[b2 + tap]
      const x3 = b[b3 + tap]
      let w = a[a0 + k]
      s00 = f32(s00 + f32(w * x0))
      s01 = f32(s01 + f32(w * x1))
      s02 = f32(s02 + f32(w * x2))
      s03 = f32(s03 + f32(w * x3))
      w = a[a1 + k]
      s10 = f32(s10 + f32(w * x0))
      s11 = f32(s11 + f32(w * x1))
      s12 = f32(s12 + f32(w * x2))
      s13 = f32(s13 + f32(w * x3))
      w = a[a2 + k]
      s20 = f32(s20 + f32(w * x0))
      s21 = f32(s21 + f32(w * x1))
      s22 = f32(s22 + f32(w * x2))
      s23 = f32(s23 + f32(w * x3))
      w = a[a3 + k]
      s30 = f32(s30 + f32(w * x0))
      s31 = f32(s31 + f32(w * x1))
      s32 = f32(s32 + f32(w * x2))
      s33 = f32(s33 + f32(w * x3))
    }
    out[o0] = s00
    out[o1] = s01
    out[o2] = s02
    out[o3] = s03
    out[o0 + outRow] = s10
    out[o1 + outRow] = s11
    out[o2 + outRow] = s12
    out[o3 + outRow] = s13
    out[o0 + row2] = s20
    out[o1 + row2] = s21
    out[o2 + row2] = s22
    out[o3 + row2] = s23
    out[o0 + row3] = s30
    out[o1 + row3] = s31
    out[o2 + row3] = s32
    out[o3 + row3] = s33
  }
}

/** One row, tiles of 6 columns (fewer leave the adder waiting for the sum before), completed as in `fourRows`. */
function oneRow(
  a: Float32Array,
  aOffset: number,
  b: Float32Array,
  columns: Int32Array,
  taps: Int32Array,
  out: Float32Array,
  outOffset: number,
  outColumns: Int32Array,
): void {
  const last = columns.length - 1
  const depth = taps.length
  for (let j = 0; j <= last; j += 6) {
    const j1 = Math.min(j + 1, last)
    const j2 = Math.min(j + 2, last)
    const j3 = Math.min(j + 3, last)
    const j4 = Math.min(j + 4, last)
    const j5 = Math.min(j + 5, last)
    const b0 = columns[j]
    const b1 = columns[j1]
    const b2 = columns[j2]
    const b3 = columns[j3]
    const b4 = columns[j4]
    const b5 = columns[j5]
    let s0 = out[outOffset + outColumns[j]]
    let s1 = out[outOffset + outColumns[j1]]
    let s2 = out[outOffset + outColumns[j2]]
    let s3 = out[outOffset + outColumns[j3]]
    let s4 = out[outOffset + outColumns[j4]]
    let s5 = out[outOffset + outColumns[j5]]
    for (let k = 0; k < depth; k++) {
      const tap = taps[k]
      const w = a[aOffset + k]
      s0 = f32(s0 + f32(w * b[b0 + tap]))
      s1 = f32(s1 + f32(w * b[b1 + tap]))
      s2 = f32(s2 + f32(w * b[b2 + tap]))
      s3 = f32(s3 + f32(w * b[b3 + tap]))
      s4 = f32(s4 + f32(w * b[b4 + tap]))
      s5 = f32(s5 + f32(w * b[b5 + tap]))
    }
    out[outOffset + outColumns[j]] = s0
    out[outOffset + outColumns[j1]] = s1
    out[outOffset + outColumns[j2]] = s2
    out[outOffset + outColumns[j3]] = s3
    out[outOffset + outColumns[j4]] = s4
    out[outOffset + outColumns[j5]] = s5
  }
}
