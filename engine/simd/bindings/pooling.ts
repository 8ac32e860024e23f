import { averagePool, averagePoolGrad } from '../../kernels/averagePool.ts'
import type { Kernels } from '../../kernels/index.ts'
import type { PoolShape } from '../../kernels/poolShape.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Pooling over windows; units are planes. */
export function bindPooling({ memory, dispatch }: Simd<SimdExports>) {
  return {
    averagePool(x, shape, countPadding, out) {
      if (isDilated(shape)) return averagePool(x, shape, countPadding, out)
      memory.beginCall()
      const args = [memory.input(x), memory.output(out), ...averageWindow(shape), countPadding]
      dispatch('averagePool', shape.planes, taps(shape), args)
      memory.endCall()
    },
    averagePoolGrad(gradOut, shape, countPadding, gradX) {
      if (isDilated(shape)) return averagePoolGrad(gradOut, shape, countPadding, gradX)
      memory.beginCall()
      const args = [memory.input(gradOut), memory.output(gradX), ...averageWindow(shape), countPadding]
      dispatch('averagePoolGrad', shape.planes, taps(shape), args)
      memory.endCall()
    },
    maxPool(x, shape, out, argmax) {
      memory.beginCall()
      const { dilationHeight, dilationWidth, padTop, padLeft } = shape
      const arrays = [memory.input(x), memory.output(out), memory.output(argmax)]
      const args = [...arrays, ...grid(shape), dilationHeight, dilationWidth, padTop, padLeft]
      dispatch('maxPool', shape.planes, 2 * taps(shape), args)
      memory.endCall()
    },
    maxPoolGrad(gradOut, argmax, planes, gradX) {
      if (planes === 0) return
      memory.beginCall()
      const arrays = [memory.input(gradOut), memory.input(argmax), memory.output(gradX)]
      const args = [...arrays, gradOut.length / planes, gradX.length / planes]
      dispatch('maxPoolGrad', planes, gradX.length, args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}

/** Whether the taps of a window lie apart: rare in a mean, so it has no twin. */
function isDilated({ dilationHeight, dilationWidth }: PoolShape): boolean {
  return dilationHeight !== 1 || dilationWidth !== 1
}

function grid(shape: PoolShape): number[] {
  const { height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = shape
  return [height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth]
}

function averageWindow(shape: PoolShape): number[] {
  return [...grid(shape), shape.padTop, shape.padLeft, shape.padBottom, shape.padRight]
}

/** How many elements all windows hold together. */
function taps({ planes, outHeight, outWidth, kernelHeight, kernelWidth }: PoolShape): number {
  return planes * outHeight * outWidth * kernelHeight * kernelWidth
}
