import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, normaliseAxis, type Shape, type SymbolicShape, sizeOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import type { FloatTensor, Tensor } from '../core/tensor.ts'
import type { InterpolationTable } from '../kernels/interpolate.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'
import {
  axisOfCommonScale,
  axisOfScale,
  axisOfSize,
  type CoordinateMode,
  linearTable,
  type NearestMode,
  nearestTable,
  type ResizedAxis,
} from './resizeGrid.ts'
import { sampleTensor } from './sampleTensor.ts'

/** ONNX Resize, whose inputs but the first are attributes here. Either `scales` or `sizes` is given. */
export interface ResizeAttributes {
  /** 'nearest' (default) copies elements, of any dtype; 'linear' interpolates float32 along each axis. */
  readonly mode?: 'nearest' | 'linear'
  /** The axes that `scales` or `sizes` speak of, in order; the others keep their extents. Default: all. */
  readonly axes?: readonly number[]
  /** How many times as large: floor(extent scale) elements. */
  readonly scales?: readonly number[]
  /** How many elements. */
  readonly sizes?: readonly number[]
  /** Default 'half_pixel'. */
  readonly coordinate_transformation_mode?: CoordinateMode
  /** Default 'round_prefer_floor'. */
  readonly nearest_mode?: NearestMode
  /**
   * With `sizes`: 'stretch' (default) to exactly these; 'not_larger' or 'not_smaller' take one scale for all axes, the least
   * or greatest that they ask for.
   */
  readonly keep_aspect_ratio_policy?: 'stretch' | 'not_larger' | 'not_smaller'
  /** Only 0 (default): no filter when the result is smaller. */
  readonly antialias?: number
}

const coordinateModes = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric']
const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']
const policies = ['stretch', 'not_larger', 'not_smaller']

/** One axis's part of the work: x [outer, extent, inner] to [outer, results, inner]. */
interface Pass {
  readonly outer: number
  readonly extent: number
  readonly results: number
  readonly inner: number
  /** Indices for 'nearest'. */
  readonly table: Int32Array | InterpolationTable
}

/**
 * ONNX Resize of any number of axes, 'nearest' and 'linear' (not 'cubic', no antialias, no tf_crop_and_resize). One axis
 * after the other, from the last to the first; axes that neither grow nor shrink are passed over. The gradient goes the
 * same way back.
 */
export const Resize: Op<ResizeAttributes> = {
  name: 'Resize',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Resize')
    if (attributes.mode === 'linear' && dtype !== 'float32') {
      throw new ShapeError(`Resize: linear interpolation wants a float32 tensor, got ${dtype}`)
    }
    return [{ dtype, shape: resizedShape(shape, attributes) }]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const out = context.empty(resizedShape(x.shape, attributes) as Shape, x.dtype)
    const passes = resizePasses(x.shape, attributes)
    let from = x
    for (const [i, { outer, extent, results, inner, table }] of passes.entries()) {
      const to = i === passes.length - 1 ? out : context.empty([outer, results, inner], x.dtype)
      if (table instanceof Int32Array) context.kernels.gather(from.data, table, outer, extent, inner, to.data)
      else {
        const [source, target] = [from as FloatTensor, to as FloatTensor]
        context.kernels.interpolate(source.data, table, outer, extent, inner, target.data)
      }
      from = to
    }
    if (passes.length === 0) out.data.set(x.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes, gradOutputs }) {
    const { shape } = inputs[0] as Tensor
    const passes = resizePasses(shape, attributes)
    let from = gradOutputs[0] as FloatTensor
    for (let i = passes.length - 1; i >= 0; i--) {
      const { outer, extent, inner, table } = passes[i]
      const to = context.empty(i === 0 ? shape : [outer, extent, inner])
      if (table instanceof Int32Array) context.kernels.gatherGrad(from.data, table, outer, extent, inner, to.data)
      else context.kernels.interpolateGrad(from.data, table, outer, extent, inner, to.data)
      from = to
    }
    return [from]
  },
  samples: () => [
    {
      name: 'nearest, both axes up',
      inputs: [sampleTensor([1, 2, 2, 3])],
      attributes: { scales: [1, 1, 2, 2], coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    },
    {
      name: 'linear, up and down',
      inputs: [sampleTensor([1, 2, 3, 5])],
      attributes: { mode: 'linear', axes: [2, 3], sizes: [5, 3] },
    },
    {
      name: 'linear, corners aligned, one axis',
      inputs: [sampleTensor([2, 3])],
      attributes: { mode: 'linear', scales: [1, 2.5], coordinate_transformation_mode: 'align_corners' },
    },
    { name: 'nothing to do', inputs: [sampleTensor([2, 3])], attributes: { mode: 'linear', sizes: [2, 3] } },
  ],
}

/** Throws `ShapeError` for a mode that does not exist or that we do not have. */
function checkModes(attributes: ResizeAttributes): void {
  const known: [keyof ResizeAttributes, readonly unknown[]][] = [
    ['mode', ['nearest', 'linear']],
    ['coordinate_transformation_mode', coordinateModes],
    ['nearest_mode', nearestModes],
    ['keep_aspect_ratio_policy', policies],
    ['antialias', [0]],
  ]
  for (const [name, values] of known) {
    const value = attributes[name]
    if (value === undefined || values.includes(value)) continue
    throw new ShapeError(`Resize: ${name} is ${value}; wanted ${values.join(', ')}`)
  }
}

/** What is asked of an axis: its scale or its size. */
interface Request {
  readonly axis: number
  readonly value: number
}

/** The requests that the attributes make. Throws `ShapeError` where they make no sense. */
function requestsOf(shape: SymbolicShape, attributes: ResizeAttributes): Request[] {
  checkModes(attributes)
  const { scales, sizes } = attributes
  const axes = (attributes.axes ?? shape.map((_, i) => i)).map((axis) => normaliseAxis(axis, shape.length, 'Resize'))
  const values = scales ?? sizes
  const fits = scales
    ? (value: number) => value > 0 && Number.isFinite(value)
    : (value: number) => value >= 0 && Number.isInteger(value)
  if (
    values === undefined ||
    (scales !== undefined && sizes !== undefined) ||
    values.length !== axes.length ||
    new Set(axes).size !== axes.length ||
    !values.every(fits)
  ) {
    throw new ShapeError(
      `Resize: ${formatShape(shape)} by scales ${scales ? formatShape(scales) : 'absent'}, sizes ${sizes ? formatShape(sizes) : 'absent'}; wanted one of them, with a scale above 0 or a size from 0 on for each of the axes ${formatShape(axes)}, none twice`,
    )
  }
  return axes.map((axis, i) => ({ axis, value: values[i] }))
}

/** Whether `sizes` are to be met by one scale for all axes. */
function keepsAspectRatio({ sizes, keep_aspect_ratio_policy }: ResizeAttributes): boolean {
  return sizes !== undefined && keep_aspect_ratio_policy !== undefined && keep_aspect_ratio_policy !== 'stretch'
}

/** For each axis how it is resized, null where it stays as it is. Throws `ShapeError`. */
function resizedAxes(shape: Shape, attributes: ResizeAttributes): (ResizedAxis | null)[] {
  const requests = requestsOf(shape, attributes)
  const ratios = requests.map(({ axis, value }) => value / shape[axis])
  const common = attributes.keep_aspect_ratio_policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  const resized = new Array<ResizedAxis | null>(shape.length).fill(null)
  for (const { axis, value } of requests) {
    const extent = shape[axis]
    let found = attributes.scales ? axisOfScale(extent, value) : axisOfSize(extent, value)
    if (keepsAspectRatio(attributes)) found = axisOfCommonScale(extent, common)
    if (extent === 0) {
      if (found.results === 0) continue
      throw new ShapeError(`Resize: dimension ${axis} of ${formatShape(shape)} is empty and cannot be enlarged`)
    }
    if (found.results !== extent || found.scale !== 1) resized[axis] = found
  }
  return resized
}

/** The extents of the result. An unknown one is known afterwards where `sizes` give it. */
function resizedShape(shape: SymbolicShape, attributes: ResizeAttributes): Dim[] {
  const requests = requestsOf(shape, attributes)
  const unknown = requests.filter(({ axis }) => shape[axis] === null)
  const out: Dim[] = [...shape]
  if (keepsAspectRatio(attributes) && unknown.length > 0) {
    for (const { axis } of requests) out[axis] = null
    return out
  }
  // 1 stands for what is not known: the other axes do not depend on it.
  const axes = resizedAxes(
    shape.map((extent) => extent ?? 1),
    attributes,
  )
  for (const [axis, resized] of axes.entries()) if (resized !== null) out[axis] = resized.results
  for (const { axis, value } of unknown) out[axis] = attributes.sizes ? value : null
  return out
}

function resizePasses(shape: Shape, attributes: ResizeAttributes): Pass[] {
  const { mode = 'nearest', nearest_mode = 'round_prefer_floor' } = attributes
  const { coordinate_transformation_mode: coordinates = 'half_pixel' } = attributes
  const axes = resizedAxes(shape, attributes)
  const passes: Pass[] = []
  let inner = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const resized = axes[axis]
    if (resized !== null) {
      const { extent, results } = resized
      const table =
        mode === 'nearest' ? nearestTable(resized, coordinates, nearest_mode) : linearTable(resized, coordinates)
      passes.push({ outer: sizeOf(shape.slice(0, axis)), extent, results, inner, table })
    }
    inner *= resized === null ? shape[axis] : resized.results
  }
  return passes
}

/**
 * x resized by `scales` or to `sizes` along `axes` (default: all), 'nearest' or 'linear', with ONNX's options.
 * @example resize(x, { mode: 'linear', axes: [2, 3], scales: [2, 2] })
 */
export function resize(x: FloatTensor, options: ResizeAttributes): FloatTensor {
  return applyFloat(Resize, [x], options)
}
