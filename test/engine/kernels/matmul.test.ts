import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { addChannelBias } from '../../../engine/kernels/addChannelBias.ts'
import { gemm } from '../../../engine/kernels/gemm.ts'
import { matmul } from '../../../engine/kernels/matmul.ts'
import { between, sameBits, spread } from './bits.ts'

const test = suite('matrix product kernels')
const f32 = Math.fround

/** Literally: k ascending into one f32 accumulator. Also checks the value against doubles. */
function reference(a: Float32Array, b: Float32Array, m: number, n: number, k: number, transA: number, transB: number) {
  const bits = new Float32Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0
      let exact = 0
      let magnitude = 0
      for (let p = 0; p < k; p++) {
        const term = a[transA ? p * m + i : i * k + p] * b[transB ? j * k + p : p * n + j]
        sum = f32(sum + f32(term))
        exact += term
        magnitude += Math.abs(term)
      }
      assert.ok(Math.abs(sum - exact) <= (k + 1) * 2 ** -24 * magnitude)
      bits[i * n + j] = sum
    }
  }
  return bits
}

function check(m: number, n: number, k: number, random: RandomStream): void {
  const a = spread(random, m * k)
  const b = spread(random, k * n)
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      const out = new Float32Array(m * n).fill(Number.NaN)
      matmul(a, b, m, n, k, transA, transB, out)
      sameBits(out, reference(a, b, m, n, k, transA, transB), `matmul ${m}x${n}x${k} ${transA}${transB}`)
    }
  }
}

for (const [m, n, k] of [
  [1, 1, 1],
  [1, 9, 5],
  [9, 1, 5],
  [4, 8, 16],
  [5, 7, 1],
  [17, 13, 31],
  [0, 3, 2],
  [3, 0, 2],
  [3, 2, 0],
]) {
  test(`matmul ${m} x ${n} x ${k}`, () => check(m, n, k, new RandomStream(1, `${m} ${n} ${k}`)))
}

test('matmul, random sizes', () => {
  const random = new RandomStream(1, 'sizes')
  for (let i = 0; i < 60; i++) check(between(random, 1, 20), between(random, 1, 20), between(random, 1, 20), random)
})

test('matmul works in place of a larger array', () => {
  const storage = new Float32Array([9, 1, 2, 3, 4, 9])
  const out = new Float32Array(6)
  matmul(storage.subarray(1, 5), Float32Array.of(1, 0, 0, 1), 2, 2, 2, 0, 0, out.subarray(1, 5))
  assert.equal([...out], [0, 1, 2, 3, 4, 0])
})

test('gemm: each factor and the sum is one rounding', () => {
  const random = new RandomStream(1, 'gemm')
  const [m, n, k] = [5, 6, 7]
  const a = spread(random, m * k)
  const b = spread(random, k * n)
  const c = spread(random, m * n)
  const alpha = f32(0.1)
  const beta = f32(-1.7)
  const product = reference(a, b, m, n, k, 0, 1)
  for (const [cRow, cColumn] of [
    [n, 1],
    [0, 1],
    [1, 0],
    [0, 0],
  ]) {
    const expected = product.map((value, i) => {
      const cValue = c[Math.floor(i / n) * cRow + (i % n) * cColumn]
      return f32(f32(alpha * value) + f32(beta * cValue))
    })
    const out = new Float32Array(m * n).fill(Number.NaN)
    gemm(a, b, c, { m, n, k, transA: 0, transB: 1, alpha, beta, cRow, cColumn }, out)
    sameBits(out, expected, `gemm with c strides ${cRow}, ${cColumn}`)
  }
  const out = new Float32Array(m * n)
  gemm(a, b, null, { m, n, k, transA: 0, transB: 1, alpha: 1, beta, cRow: 0, cColumn: 0 }, out)
  sameBits(out, product, 'gemm without c')
})

test('addChannelBias adds to each channel its own value, also in place', () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  addChannelBias(x, Float32Array.of(0.5, 100), 2, 2, 2, x)
  assert.equal([...x], [1.5, 2.5, 103, 104, 5.5, 6.5, 107, 108])
})

test.run()
