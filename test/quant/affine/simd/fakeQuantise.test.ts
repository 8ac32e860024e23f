import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import type { SimdMemory } from '../../../../engine/simd/memory.ts'
import { createSimdMemory } from '../../../../engine/simd/simd.ts'
import { type FakeQuantiseKernels, plainFakeQuantiseKernels } from '../../../../quant/affine/fakeQuantiseKernel.ts'
import * as binaries from '../../../../quant/affine/simd/binary.ts'
import { bindFakeQuantise, fakeQuantiseKernels } from '../../../../quant/affine/simd/bindings.ts'
import type { AffineExports } from '../../../../quant/affine/simd/exports.ts'
import { splittingBuilds } from '../../../engine/simd/builds.ts'

const test = suite('SIMD fake quantisation')
const memory = createSimdMemory({ bytes: 2 ** 24 }) as SimdMemory

const builds = await splittingBuilds<AffineExports>('quant/affine/simd', memory, binaries)

const accelerated: Record<string, FakeQuantiseKernels> = {
  SIMD: fakeQuantiseKernels(memory),
  split: bindFakeQuantise(builds.split),
  '-O0': bindFakeQuantise(builds['-O0']),
}

/** Ordinary values, ties of the scale, values around 2^63 steps, the end codes' bounds and special values. */
function values(length: number, scale: number): Float32Array {
  const random = new RandomStream(11, 'values')
  const odd = [0, -0, Infinity, -Infinity, Number.NaN, 1e-40, 3e38, -3e38, 127.5 * scale, -128.5 * scale]
  for (const factor of [1, 1 - 2 ** -24, 1 + 2 ** -23]) odd.push(2 ** 63 * scale * factor, -(2 ** 63) * scale * factor)
  return Float32Array.from({ length }, () => {
    const pick = random.integer(60)
    if (pick < odd.length) return odd[pick]
    return pick < 40 ? (random.integer(600) - 300) * 0.5 * scale : (random.uniform() - 0.5) * 300 * scale
  })
}

const layouts = [
  { length: 0, channels: 1, inner: 0 },
  { length: 1, channels: 1, inner: 1 },
  { length: 67, channels: 1, inner: 67 },
  { length: 4000, channels: 1, inner: 4000 },
  { length: 2 * 5 * 7, channels: 5, inner: 7 },
  { length: 3 * 4 * 9, channels: 4, inner: 9 },
  { length: 6 * 5, channels: 5, inner: 1 },
  { length: 11 * 16, channels: 16, inner: 1 },
  { length: 4 * 3 * 2, channels: 3, inner: 2 },
]

const codes = [
  { qmin: -128, qmax: 127, z: 0 },
  { qmin: -128, qmax: 127, z: -128 },
  { qmin: 0, qmax: 255, z: 13 },
  { qmin: -7, qmax: 7, z: 0 },
  { qmin: -32768, qmax: 32767, z: -32768 },
  { qmin: 0, qmax: 65535, z: 65535 },
]

for (const rounding of ['half-even', 'half-away', 'half-up', 'floor'] as const) {
  for (const reciprocal of [0, 1] as const) {
    test(`${rounding}, ${reciprocal ? 'reciprocal' : 'exact'} division`, () => {
      for (const { length, channels, inner } of layouts) {
        for (const { qmin, qmax, z } of codes) {
          for (const lambda of [1, Math.fround(0.3)]) {
            for (const s of [0.25, 0.0371]) {
              const scale = Float32Array.from({ length: channels }, (_, c) => s * (1 + c / 4))
              const zeroPoint = Int32Array.from({ length: channels }, (_, c) => Math.min(Math.max(z - c, qmin), qmax))
              const x = values(length, s)
              const gradOut = values(length, 1)
              const run = (kernels: FakeQuantiseKernels): Float32Array[] => {
                const [out, gradX] = [new Float32Array(length), new Float32Array(length)]
                const given = [scale, zeroPoint, inner, qmin, qmax, lambda, rounding, reciprocal] as const
                kernels.fakeQuantise(x, ...given, out)
                kernels.fakeQuantiseGrad(x, ...given, gradOut, gradX)
                return [out, gradX]
              }
              const wanted = run(plainFakeQuantiseKernels)
              for (const [name, kernels] of Object.entries(accelerated)) {
                for (const [k, found] of run(kernels).entries()) {
                  const at = found.findIndex((value, i) => !Object.is(value, wanted[k][i]))
                  if (at < 0) continue
                  assert.unreachable(
                    `${name}, result ${k}, [${length}, ${channels}, ${inner}], codes ${qmin} ... ${qmax}, z ${z}, lambda ${lambda}: x ${x[at]} gives ${found[at]}, plain ${wanted[k][at]}`,
                  )
                }
              }
            }
          }
        }
      }
    })
  }
}

test('one set of kernels for each memory, the plain ones without', () => {
  assert.is(fakeQuantiseKernels(null), plainFakeQuantiseKernels)
  assert.is(fakeQuantiseKernels(memory), fakeQuantiseKernels(memory))
  assert.is.not(fakeQuantiseKernels(memory), plainFakeQuantiseKernels)
})

test.run()
