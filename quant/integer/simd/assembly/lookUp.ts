/** Mirrors kernels/lookUp.ts; units are codes. Byte by byte: a swizzle looks up 16 entries, so 256 would need sixteen. */
export function lookUp(x: usize, table: usize, out: usize, begin: i32, end: i32): void {
  const middle = table + 128
  for (let i = begin; i < end; i++) {
    store<u8>(out + <usize>i, load<u8>(middle + <usize>(<isize>load<i8>(x + <usize>i))))
  }
}
