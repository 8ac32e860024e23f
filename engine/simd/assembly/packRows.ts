/**
 * Rows of a matrix, two by two, for gatherProduct: out[pair][k][2]; row r, index k is at a + r * aRow + taps[k] (bytes).
 * `consecutive` 1: taps[k] is 4 k. The missing row of an odd number is 0. Units are pairs.
 */
export function packRows(
  a: usize,
  aRow: usize,
  taps: usize,
  consecutive: i32,
  rows: i32,
  depth: i32,
  out: usize,
  begin: i32,
  end: i32,
): void {
  for (let pair = begin; pair < end; pair++) {
    const first = a + <usize>(2 * pair) * aRow
    let to = out + <usize>pair * <usize>depth * 8
    let k = 0
    if (2 * pair + 1 === rows) {
      for (; k < depth; k++, to += 8) {
        store<f32>(to, load<f32>(first + <usize>load<i32>(taps + ((<usize>k) << 2))))
        store<f32>(to, 0, 4)
      }
      continue
    }
    const second = first + aRow
    if (consecutive) {
      for (; k <= depth - 4; k += 4, to += 32) {
        const at = (<usize>k) << 2
        const v = v128.load(first + at)
        const w = v128.load(second + at)
        v128.store(to, v128.shuffle<f32>(v, w, 0, 4, 1, 5))
        v128.store(to, v128.shuffle<f32>(v, w, 2, 6, 3, 7), 16)
      }
    }
    for (; k < depth; k++, to += 8) {
      const tap = <usize>load<i32>(taps + ((<usize>k) << 2))
      store<f32>(to, load<f32>(first + tap))
      store<f32>(to, load<f32>(second + tap), 4)
    }
  }
}
