/**
 * ONNX Resize in the forms that a graph does not have: cubic, antialias, exclude_outside, tf_crop_and_resize. All are one
 * sum along an axis, sum of weight(t) x(t) over the elements t around a place, and are computed axis by axis. The places and
 * weights are the formulas of the operator's text; the sums are in double, for checking and for constants.
 */

import { ShapeError } from '../../../../engine/base/errors.ts'
import { sizeOf } from '../../../../engine/base/shape.ts'
import type { OnnxAttributes } from '../../attributes.ts'
import { countElements, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import { roundToType } from '../convert.ts'
import { toSafe } from '../partialShape.ts'
import type { OnnxCall } from './operator.ts'

/** One axis: `results` elements from `extent`, `scale` times as many, from `start` to `end` of it (tf_crop_and_resize). */
interface Axis {
  readonly extent: number
  readonly results: number
  readonly scale: number
  readonly start: number
  readonly end: number
}

/** The elements that a result is made of, or null for one that lies outside the crop. */
type Taps = readonly { readonly from: number; readonly weight: number }[] | null

/** Whether a call asks for what only `evaluateResize` has. */
export function isSpecialResize(attributes: OnnxAttributes): boolean {
  return (
    attributes.string('mode', 'nearest') === 'cubic' ||
    attributes.int('antialias', 0) !== 0 ||
    attributes.int('exclude_outside', 0) !== 0 ||
    attributes.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize'
  )
}

/** The resize of a float tensor. Throws `ShapeError` for modes that do not exist and inputs that do not fit. */
export function evaluateResize({ inputs, attributes, maxElements }: OnnxCall): OnnxTensor {
  const x = inputs[0] as OnnxTensor
  const axes = resizedAxes(x.dims, inputs, attributes)
  countElements(
    axes.map(({ results }) => results),
    maxElements,
    'Resize',
  )
  let values = Float64Array.from(x.data as ArrayLike<number>)
  const dims = [...x.dims]
  for (const [axis, resized] of axes.entries()) {
    if (resized.results === resized.extent && resized.scale === 1 && resized.start === 0 && resized.end === 1) continue
    const outer = sizeOf(dims.slice(0, axis))
    const inner = sizeOf(dims.slice(axis + 1))
    values = resizeAxis(values, outer, inner, resized, attributes)
    dims[axis] = resized.results
  }
  const result = zeroTensor(x.type, dims)
  for (let i = 0; i < values.length; i++) result.data[i] = roundToType(x.type as 'float32', values[i])
  return result
}

function resizeAxis(
  x: Float64Array,
  outer: number,
  inner: number,
  axis: Axis,
  attributes: OnnxAttributes,
): Float64Array<ArrayBuffer> {
  const out = new Float64Array(outer * axis.results * inner)
  const outside = attributes.float('extrapolation_value', 0)
  for (let r = 0; r < axis.results; r++) {
    const taps = tapsAt(r, axis, attributes)
    for (let o = 0; o < outer; o++) {
      const to = (o * axis.results + r) * inner
      if (taps === null) out.fill(outside, to, to + inner)
      else {
        for (const { from, weight } of taps) {
          const source = (o * axis.extent + from) * inner
          for (let i = 0; i < inner; i++) out[to + i] += weight * x[source + i]
        }
      }
    }
  }
  return out
}

/** What result `r` of an axis is made of. */
function tapsAt(r: number, axis: Axis, attributes: OnnxAttributes): Taps {
  const { extent } = axis
  const coordinates = attributes.string('coordinate_transformation_mode', 'half_pixel')
  const x = placeOf(r, axis, coordinates)
  if (coordinates === 'tf_crop_and_resize' && (x < 0 || x > extent - 1)) return null
  const inside = (t: number): number => Math.min(Math.max(t, 0), extent - 1)
  const mode = attributes.string('mode', 'nearest')
  if (mode === 'nearest') {
    return [{ from: inside(nearest(x, attributes.string('nearest_mode', 'round_prefer_floor'))), weight: 1 }]
  }
  // A smaller result widens the filter by as much.
  const narrow = attributes.int('antialias', 0) === 1 ? Math.min(axis.scale, 1) : 1
  const [radius, weightOf] = filterOf(mode, attributes.float('cubic_coeff_a', -0.75))
  const excludes = attributes.int('exclude_outside', 0) === 1
  const taps: { from: number; weight: number }[] = []
  let sum = 0
  for (let t = Math.ceil(x - radius / narrow); t <= Math.floor(x + radius / narrow); t++) {
    const weight = excludes && t !== inside(t) ? 0 : weightOf(Math.abs(t - x) * narrow)
    taps.push({ from: inside(t), weight })
    sum += weight
  }
  return taps.map(({ from, weight }) => ({ from, weight: weight / sum }))
}

/** A filter's radius, and its weight at a distance within that. */
function filterOf(mode: string, a: number): readonly [number, (distance: number) => number] {
  if (mode === 'linear') return [1, (d) => 1 - d]
  if (mode !== 'cubic') throw new ShapeError(`Resize: mode '${mode}'; wanted nearest, linear or cubic`)
  // Keys 1981, "Cubic convolution interpolation for digital image processing".
  return [2, (d) => (d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a)]
}

function placeOf(r: number, { extent, results, scale, start, end }: Axis, coordinates: string): number {
  const length = extent * scale
  switch (coordinates) {
    case 'half_pixel':
      return (r + 0.5) / scale - 0.5
    case 'half_pixel_symmetric':
      return (extent / 2) * (1 - results / length) + (r + 0.5) / scale - 0.5
    case 'pytorch_half_pixel':
      return results > 1 ? (r + 0.5) / scale - 0.5 : 0
    case 'align_corners':
      return length === 1 ? 0 : (r * (extent - 1)) / (length - 1)
    case 'asymmetric':
      return r / scale
    case 'tf_crop_and_resize':
      return results > 1
        ? (start + (r * (end - start)) / (results - 1)) * (extent - 1)
        : ((start + end) / 2) * (extent - 1)
    default:
      throw new ShapeError(`Resize: coordinate_transformation_mode '${coordinates}'`)
  }
}

function nearest(x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5)
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5)
    case 'floor':
      return Math.floor(x)
    case 'ceil':
      return Math.ceil(x)
    default:
      throw new ShapeError(`Resize: nearest_mode '${mode}'`)
  }
}

/** Every axis, from the scales or sizes of those that are listed and the region of tf_crop_and_resize. */
function resizedAxes(dims: readonly number[], inputs: OnnxCall['inputs'], attributes: OnnxAttributes): Axis[] {
  const listed = attributes.ints('axes') ?? dims.map((_, axis) => axis)
  const numbers = (input: number): number[] => Array.from((inputs[input]?.data ?? []) as ArrayLike<number>, Number)
  const scales = numbers(2)
  const sizes = Array.from((inputs[3]?.data ?? []) as ArrayLike<bigint>, toSafe)
  const regions = numbers(1)
  const given = scales.length > 0 ? scales : sizes
  if (given.length !== listed.length || (regions.length !== 0 && regions.length !== 2 * listed.length)) {
    throw new ShapeError(
      `Resize: ${given.length} scales or sizes and ${regions.length} of roi for ${listed.length} axes`,
    )
  }
  const extents = listed.map((axis) => dims.at(axis) ?? 0)
  const policy = attributes.string('keep_aspect_ratio_policy', 'stretch')
  const ratios = given.map((value, i) => (scales.length > 0 ? value : value / extents[i]))
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  const result = dims.map((extent): Axis => ({ extent, results: extent, scale: 1, start: 0, end: 1 }))
  for (const [i, axis] of listed.entries()) {
    const extent = extents[i]
    const region = { start: regions[i] ?? 0, end: regions[listed.length + i] ?? 1 }
    const place = axis < 0 ? axis + dims.length : axis
    if (scales.length > 0) {
      const crop = isCrop(attributes) ? region.end - region.start : 1
      result[place] = { extent, results: Math.floor(extent * crop * scales[i]), scale: scales[i], ...region }
    } else if (policy === 'stretch') result[place] = { extent, results: sizes[i], scale: ratios[i], ...region }
    else result[place] = { extent, results: Math.floor(extent * common + 0.5), scale: common, ...region }
  }
  return result
}

function isCrop(attributes: OnnxAttributes): boolean {
  return attributes.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize'
}
