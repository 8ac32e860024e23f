/**
 * Packs codes of -8 ... 7 two to a byte: element 0 in the low nibble of byte 0, element 1 in its high nibble, and so on in
 * row-major order (ONNX int4, TFLite int4); an odd tail leaves the last high nibble 0.
 * Example: [0, 1, 7, -4, -8] -> 0x10, 0xc7, 0x08.
 */
export function packInt4(codes: ArrayLike<number>): Uint8Array {
  const packed = new Uint8Array(Math.ceil(codes.length / 2))
  for (let i = 0; i < codes.length; i++) packed[i >> 1] |= (codes[i] & 15) << (4 * (i & 1))
  return packed
}

/** The first `length` codes of `packed`, sign extended. Example: 0xc7 -> [7, -4]. */
export function unpackInt4(packed: Uint8Array, length: number): Int8Array {
  const codes = new Int8Array(length)
  for (let i = 0; i < length; i++) codes[i] = (packed[i >> 1] << (28 - 4 * (i & 1))) >> 28
  return codes
}
