/** Mirrors kernels/add.ts; units are elements. */
export function add(a: usize, b: usize, out: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, load<f32>(a + at) + load<f32>(b + at))
  }
}
