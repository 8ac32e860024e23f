/**
 * Integer dot products, the core of convolution and Gemm. Output pixel p, channel j:
 *
 *     acc[j * pixels + p] = bias[j] + sum over k < taps of x[xStart + base[p] + offset[k]] * w[...]
 *
 * int32 arithmetic that wraps; lowering has proved that it never does. Order is free, since the sum is exact. x holds codes
 * minus their zero point, with zeros where the window leaves the image.
 * Example: x = [1, 2, 3], base [0, 1], offset [0, 1], w = [10, 1], bias 5: acc = [17, 28].
 */

/** Four channels at once: weights interleaved, w[wStart + 4 k + j]. */
export function dot4(
  x: Int32Array,
  xStart: number,
  base: Int32Array,
  pixels: number,
  offset: Int32Array,
  taps: number,
  w: Int32Array,
  wStart: number,
  bias: Int32Array,
  biasStart: number,
  acc: Int32Array,
): void {
  const b0 = bias[biasStart]
  const b1 = bias[biasStart + 1]
  const b2 = bias[biasStart + 2]
  const b3 = bias[biasStart + 3]
  let p = 0
  for (; p + 1 < pixels; p += 2) {
    const left = (xStart + base[p]) | 0
    const right = (xStart + base[p + 1]) | 0
    let l0 = b0
    let l1 = b1
    let l2 = b2
    let l3 = b3
    let r0 = b0
    let r1 = b1
    let r2 = b2
    let r3 = b3
    let at = wStart
    for (let k = 0; k < taps; k++) {
      const o = offset[k]
      const xl = x[left + o]
      const xr = x[right + o]
      const w0 = w[at]
      const w1 = w[at + 1]
      const w2 = w[at + 2]
      const w3 = w[at + 3]
      l0 = (l0 + Math.imul(xl, w0)) | 0
      r0 = (r0 + Math.imul(xr, w0)) | 0
      l1 = (l1 + Math.imul(xl, w1)) | 0
      r1 = (r1 + Math.imul(xr, w1)) | 0
      l2 = (l2 + Math.imul(xl, w2)) | 0
      r2 = (r2 + Math.imul(xr, w2)) | 0
      l3 = (l3 + Math.imul(xl, w3)) | 0
      r3 = (r3 + Math.imul(xr, w3)) | 0
      at += 4
    }
    acc[p] = l0
    acc[p + 1] = r0
    acc[pixels + p] = l1
    acc[pixels + p + 1] = r1
    acc[2 * pixels + p] = l2
    acc[2 * pixels + p + 1] = r2
    acc[3 * pixels + p] = l3
    acc[3 * pixels + p + 1] = r3
  }
  if (p < pixels) {
    const left = (xStart + base[p]) | 0
    let l0 = b0
    let l1 = b1
    let l2 = b2
    let l3 = b3
    let at = wStart
    for (let k = 0; k < taps; k++) {
      const xl = x[left + offset[k]]
      l0 = (l0 + Math.imul(xl, w[at])) | 0
      l1 = (l1 + Math.imul(xl, w[at + 1])) | 0
      l2 = (l2 + Math.imul(xl, w[at + 2])) | 0
      l3 = (l3 + Math.imul(xl, w[at + 3])) | 0
      at += 4
    }
    acc[p] = l0
    acc[pixels + p] = l1
    acc[2 * pixels + p] = l2
    acc[3 * pixels + p] = l3
  }
}

/** One channel: weights w[wStart + k]. Depthwise convolutions, and what is left of a channel count not divisible by 4. */
export function dot1(
  x: Int32Array,
  xStart: number,
  base: Int32Array,
  pixels: number,
  offset: Int32Array,
  taps: number,
  w: Int32Array,
  wStart: number,
  bias: Int32Array,
  biasStart: number,
  acc: Int32Array,
): void {
  const b = bias[biasStart]
  let p = 0
  for (; p + 3 < pixels; p += 4) {
    const i0 = (xStart + base[p]) | 0
    const i1 = (xStart + base[p + 1]) | 0
    const i2 = (xStart + base[p + 2]) | 0
    const i3 = (xStart + base[p + 3]) | 0
    let a0 = b
    let a1 = b
    let a2 = b
    let a3 = b
    for (let k = 0; k < taps; k++) {
      const o = offset[k]
      const wk = w[wStart + k]
      a0 = (a0 + Math.imul(x[i0 + o], wk)) | 0
      a1 = (a1 + Math.imul(x[i1 + o], wk)) | 0
      a2 = (a2 + Math.imul(x[i2 + o], wk)) | 0
      a3 = (a3 + Math.imul(x[i3 + o], wk)) | 0
    }
    acc[p] = a0
    acc[p + 1] = a1
    acc[p + 2] = a2
    acc[p + 3] = a3
  }
  for (; p < pixels; p++) {
    const i0 = (xStart + base[p]) | 0
    let a0 = b
    for (let k = 0; k < taps; k++) a0 = (a0 + Math.imul(x[i0 + offset[k]], w[wStart + k])) | 0
    acc[p] = a0
  }
}
