/** Stores the sums of four channels by two vectors, the channels `pitch` bytes apart. */
export function storeTile(
  acc: usize,
  pitch: usize,
  l0: v128,
  r0: v128,
  l1: v128,
  r1: v128,
  l2: v128,
  r2: v128,
  l3: v128,
  r3: v128,
): void {
  v128.store(acc, l0)
  v128.store(acc, r0, 16)
  acc += pitch
  v128.store(acc, l1)
  v128.store(acc, r1, 16)
  acc += pitch
  v128.store(acc, l2)
  v128.store(acc, r2, 16)
  acc += pitch
  v128.store(acc, l3)
  v128.store(acc, r3, 16)
}
