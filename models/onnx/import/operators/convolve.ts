/**
 * Convolutions of any number of dimensions, for those that a graph does not have: each product and each sum is rounded to
 * float32, in the order of the input's elements.
 */

import { ShapeError } from '../../../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../../../engine/base/shape.ts'
import { countElements, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import { reach, type Window } from '../window.ts'

/** What a convolution does beside its window. */
export interface Convolution {
  readonly x: OnnxTensor
  readonly weight: OnnxTensor
  readonly bias: OnnxTensor | null
  readonly window: Window
  readonly group: number
  readonly maxElements: number
}

/** ONNX Conv: X [N, C, ...], W [O, C / group, ...]. Throws `ShapeError` for channels that do not fit or an empty output. */
export function convolve(convolution: Convolution): OnnxTensor {
  const { x, weight, window } = convolution
  const rank = window.kernel.length
  const extents = window.kernel.map(
    (_, axis) =>
      Math.floor(
        (x.dims[2 + axis] + window.pads[axis] + window.pads[rank + axis] - reach(window, axis)) / window.strides[axis],
      ) + 1,
  )
  return scatter(convolution, weight.dims[0], extents, 'Conv')
}

/** ONNX ConvTranspose: X [N, C, ...], W [C, O / group, ...]. Throws as `convolve`. */
export function convolveTransposed(convolution: Convolution, outputPadding: readonly number[]): OnnxTensor {
  const { x, weight, window, group } = convolution
  const rank = window.kernel.length
  const extents = window.kernel.map(
    (_, axis) =>
      window.strides[axis] * (x.dims[2 + axis] - 1) +
      reach(window, axis) +
      outputPadding[axis] -
      window.pads[axis] -
      window.pads[rank + axis],
  )
  return scatter(convolution, weight.dims[1] * group, extents, 'ConvTranspose')
}

/** Adds every product to the output that it belongs to. */
function scatter(
  { x, weight, bias, window, group, maxElements }: Convolution,
  outChannels: number,
  extents: readonly number[],
  operation: 'Conv' | 'ConvTranspose',
): OnnxTensor {
  const [batch, channels] = x.dims
  const isTransposed = operation === 'ConvTranspose'
  const wanted = isTransposed ? weight.dims[0] : weight.dims[1] * group
  if (channels !== wanted || outChannels % group !== 0 || channels % group !== 0 || extents.some((e) => e < 1)) {
    throw new ShapeError(
      `${operation}: x ${formatShape(x.dims)} and the weight ${formatShape(weight.dims)} with ${group} group(s) give ${formatShape([outChannels, ...extents])}`,
    )
  }
  const dims = [batch, outChannels, ...extents]
  countElements(dims, maxElements, operation)
  const out = zeroTensor('float32', dims)
  const { narrow, wide } = isTransposed
    ? { narrow: x.dims.slice(2), wide: extents }
    : { narrow: extents, wide: x.dims.slice(2) }
  const pairs = tapPairs(window, narrow, wide)
  const perGroup = channels / group
  const outPerGroup = outChannels / group
  const taps = sizeOf(window.kernel)
  const [xPlane, outPlane] = [sizeOf(x.dims.slice(2)), sizeOf(extents)]
  const [from, to] = isTransposed ? [pairs.narrow, pairs.wide] : [pairs.wide, pairs.narrow]
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const g = Math.floor(c / perGroup)
      for (let o = g * outPerGroup; o < (g + 1) * outPerGroup; o++) {
        const kernel = isTransposed ? c * outPerGroup + (o % outPerGroup) : o * perGroup + (c % perGroup)
        for (let i = 0; i < pairs.tap.length; i++) {
          const at = (n * outChannels + o) * outPlane + to[i]
          const element = x.data[(n * channels + c) * xPlane + from[i]] as number
          const product = Math.fround(element * (weight.data[kernel * taps + pairs.tap[i]] as number))
          out.data[at] = (out.data[at] as number) + product
        }
      }
    }
  }
  if (bias !== null) {
    for (let i = 0; i < out.data.length; i++) {
      out.data[i] = (out.data[i] as number) + (bias.data[Math.floor(i / outPlane) % outChannels] as number)
    }
  }
  return out
}

/** Which positions of the two sides a tap of the window joins, in ascending order of the tap. */
function tapPairs(window: Window, narrow: readonly number[], wide: readonly number[]) {
  const pairs = { tap: [] as number[], narrow: [] as number[], wide: [] as number[] }
  const taps = sizeOf(window.kernel)
  const places = sizeOf(narrow)
  for (let tap = 0; tap < taps; tap++) {
    for (let place = 0; place < places; place++) {
      let position = 0
      let restOfTap = tap
      let restOfPlace = place
      let stride = 1
      let inside = true
      for (let axis = narrow.length - 1; axis >= 0; axis--) {
        const k = restOfTap % window.kernel[axis]
        const p = restOfPlace % narrow[axis]
        const at = p * window.strides[axis] - window.pads[axis] + k * window.dilations[axis]
        inside &&= at >= 0 && at < wide[axis]
        position += at * stride
        stride *= wide[axis]
        restOfTap = Math.floor(restOfTap / window.kernel[axis])
        restOfPlace = Math.floor(restOfPlace / narrow[axis])
      }
      if (!inside) continue
      pairs.tap.push(tap)
      pairs.narrow.push(place)
      pairs.wide.push(position)
    }
  }
  return pairs
}
