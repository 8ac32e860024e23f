const float = new Float32Array(1)
const word = new Int32Array(float.buffer)

/** The place of a float32 in the order of all of them: neighbours differ by 1, -0 and +0 are both 0. */
export function ordinal(x: number): number {
  float[0] = x
  return word[0] < 0 ? -(word[0] & 0x7fffffff) : word[0]
}

/** The float32 with these bits. */
export function fromBits(bits: number): number {
  word[0] = bits
  return float[0]
}

/** Every `stride`-th bit pattern of the finite float32 numbers of one sign (1 or -1), from 0 up in magnitude. */
export function finiteFloats(stride: number, sign: number): Float32Array {
  const out = new Float32Array(Math.ceil(0x7f800000 / stride))
  const bits = new Int32Array(out.buffer)
  for (let i = 0; i < out.length; i++) bits[i] = sign < 0 ? (i * stride) | 0x80000000 : i * stride
  return out
}
