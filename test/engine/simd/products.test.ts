import { suite } from 'uvu'
import { RandomStream } from '../../../engine/base/random.ts'
import { between } from '../kernels/bits.ts'
import { adversarial, expectSameBits } from './identity.ts'

const test = suite('SIMD matrix products')

/** All four transpositions, with arrays that lie elsewhere. What `out` held before must not matter. */
function check(m: number, n: number, k: number, special: boolean): void {
  const a = adversarial(m * k, `a ${m} ${n} ${k}`, special)
  const b = adversarial(k * n, `b ${m} ${n} ${k}`, special)
  for (const transA of [0, 1]) {
    for (const transB of [0, 1]) {
      expectSameBits(`matmul ${m} x ${n} x ${k}, ${transA}${transB}`, (kernels) => {
        const out = new Float32Array(m * n).fill(7)
        kernels.matmul(a, b, m, n, k, transA, transB, out)
        return [out]
      })
    }
  }
}

// Around the two rows and sixteen columns of a tile, the block of taps, and empty.
for (const [m, n, k] of [
  [1, 1, 1],
  [1, 16, 3],
  [2, 17, 4],
  [3, 15, 5],
  [1, 67, 257],
  [67, 1, 31],
  [64, 10, 84],
  [10, 64, 7],
  [16, 32, 255],
  [5, 33, 2049],
  [33, 5, 4200],
  [31, 53, 71],
  [0, 3, 2],
  [3, 0, 2],
  [3, 20, 0],
]) {
  test(`matmul ${m} x ${n} x ${k}`, () => {
    check(m, n, k, false)
    check(m, n, k, true)
  })
}

test('matmul, random sizes', () => {
  const random = new RandomStream(1, 'sizes')
  for (let i = 0; i < 60; i++) {
    check(between(random, 1, 40), between(random, 1, 40), between(random, 1, 40), i % 2 === 0)
  }
})

test('matmul in parts of larger arrays', () => {
  const storage = adversarial(400, 'storage', false)
  expectSameBits('matmul', (kernels) => {
    const out = new Float32Array(200).fill(3)
    kernels.matmul(storage.subarray(1, 71), storage.subarray(131, 301), 7, 17, 10, 0, 1, out.subarray(5, 124))
    return [out]
  })
})

test('gemm', () => {
  const random = new RandomStream(1, 'gemm')
  for (let i = 0; i < 40; i++) {
    const [m, n, k] = [between(random, 0, 9), between(random, 1, 35), between(random, 0, 12)]
    const a = adversarial(m * k, `a${i}`, false)
    const b = adversarial(k * n, `b${i}`, false)
    const c = adversarial(m * n, `c${i}`, i % 2 === 0)
    for (const [cRow, cColumn] of [
      [n, 1],
      [0, 1],
      [1, 0],
      [0, 0],
    ]) {
      for (const [alpha, beta] of [
        [1, 1],
        [Math.fround(0.1), Math.fround(-1.7)],
        [1, 0.5],
      ]) {
        const shape = { m, n, k, transA: i & 1, transB: (i >> 1) & 1, alpha, beta, cRow, cColumn }
        expectSameBits(`gemm ${JSON.stringify(shape)}`, (kernels) => {
          const out = new Float32Array(m * n).fill(7)
          const bare = new Float32Array(m * n).fill(7)
          kernels.gemm(a, b, c, shape, out)
          kernels.gemm(a, b, null, shape, bare)
          return [out, bare]
        })
      }
    }
  }
})

test.run()
