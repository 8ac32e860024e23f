/** The arithmetic of ONNX Resize along one axis: how large the result is, and where in the input each element lies. */

import { roundHalfUp } from '../base/rounding.ts'
import type { InterpolationTable } from '../kernels/interpolate.ts'

/** How an index of the result becomes a place in the input; see `placeOf`. */
export type CoordinateMode =
  | 'half_pixel'
  | 'half_pixel_symmetric'
  | 'pytorch_half_pixel'
  | 'align_corners'
  | 'asymmetric'
/** How a place between two elements becomes one of them. */
export type NearestMode = 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil'

/** One axis of a resize. */
export interface ResizedAxis {
  /** Elements of the input. */
  readonly extent: number
  /** Elements of the result. */
  readonly results: number
  /** How many times as long the result is. */
  readonly scale: number
  /** extent times scale, of which `results` is the integer: the two differ where a scale is given. */
  readonly length: number
}

/** The axis that a scale gives: floor(extent scale) elements. */
export function axisOfScale(extent: number, scale: number): ResizedAxis {
  return { extent, results: Math.floor(extent * scale), scale, length: extent * scale }
}

/** The axis that a size gives. */
export function axisOfSize(extent: number, results: number): ResizedAxis {
  return { extent, results, scale: results / extent, length: results }
}

/** The axis that a scale gives which was found from sizes: the nearest number of elements, halves up. */
export function axisOfCommonScale(extent: number, scale: number): ResizedAxis {
  return { extent, results: roundHalfUp(extent * scale), scale, length: extent * scale }
}

/**
 * The place in the input of element `i` of the result, in elements (ONNX's formulas, in double):
 * - half_pixel: (i + 1/2) / scale - 1/2
 * - half_pixel_symmetric: the same, plus extent / 2 (1 - results / length), so that what flooring cuts off is cut at both ends
 * - pytorch_half_pixel: as half_pixel, but 0 for a result of one element
 * - align_corners: i (extent - 1) / (length - 1), 0 where the length is 1
 * - asymmetric: i / scale
 */
function placeOf(i: number, { extent, results, scale, length }: ResizedAxis, mode: CoordinateMode): number {
  switch (mode) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5
    case 'half_pixel_symmetric':
      return (extent / 2) * (1 - results / length) + (i + 0.5) / scale - 0.5
    case 'pytorch_half_pixel':
      return results > 1 ? (i + 0.5) / scale - 0.5 : 0
    case 'align_corners':
      return length === 1 ? 0 : (i * (extent - 1)) / (length - 1)
    case 'asymmetric':
      return i / scale
  }
}

/** The integer next to x; `round_...` settle ties down or up. */
function nearest(x: number, mode: NearestMode): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5)
    case 'round_prefer_ceil':
      return roundHalfUp(x)
    case 'floor':
      return Math.floor(x)
    case 'ceil':
      return Math.ceil(x)
  }
}

/** The input's index for each element of the result; places outside the input become its first or last element. */
export function nearestTable(axis: ResizedAxis, coordinates: CoordinateMode, mode: NearestMode): Int32Array {
  const table = new Int32Array(axis.results)
  for (let i = 0; i < table.length; i++) {
    table[i] = Math.min(Math.max(nearest(placeOf(i, axis, coordinates), mode), 0), axis.extent - 1)
  }
  return table
}

/**
 * The neighbours of each element of the result and their weights: at place p between floor(p) and the next, 1 - t and t
 * with t = p - floor(p), rounded to float32. Places outside the input are its first or last element.
 */
export function linearTable(axis: ResizedAxis, coordinates: CoordinateMode): InterpolationTable {
  const { results, extent } = axis
  const table = {
    low: new Int32Array(results),
    high: new Int32Array(results),
    lowWeights: new Float32Array(results),
    highWeights: new Float32Array(results),
  }
  for (let i = 0; i < results; i++) {
    const place = Math.min(Math.max(placeOf(i, axis, coordinates), 0), extent - 1)
    const low = Math.floor(place)
    table.low[i] = low
    table.high[i] = Math.min(low + 1, extent - 1)
    table.lowWeights[i] = 1 - (place - low)
    table.highWeights[i] = place - low
  }
  return table
}
