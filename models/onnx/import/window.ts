/** Where the windows of convolutions and poolings lie: ONNX's auto_pad and output_shape resolved to pads. */

import { FormatError } from '../../../engine/base/errors.ts'
import { formatShape } from '../../../engine/base/shape.ts'
import type { OnnxAttributes } from '../attributes.ts'

/** A window with every attribute filled in. `pads`: all beginnings, then all ends. */
export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
}

const PADDINGS = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER']

/** The attribute auto_pad. Throws `FormatError` for a word that is none of its values. */
export function autoPad(attributes: OnnxAttributes, where: string): string {
  const padding = attributes.string('auto_pad', 'NOTSET')
  if (PADDINGS.includes(padding)) return padding
  throw new FormatError(`${where}: auto_pad is '${padding}'; wanted ${PADDINGS.join(', ')}`)
}

/** The window over `rank` spatial dimensions without its pads. Throws `FormatError` for lists of another length. */
export function windowOf(attributes: OnnxAttributes, kernel: readonly number[], where: string): Window {
  const rank = kernel.length
  const list = (name: string, count: number, value: number): readonly number[] => {
    const values = attributes.ints(name) ?? new Array<number>(count).fill(value)
    if (values.length === count) return values
    throw new FormatError(`${where}: ${name} is ${formatShape(values)}; wanted ${count} numbers`)
  }
  return {
    kernel: list('kernel_shape', rank, 0).map((extent, axis) => extent || kernel[axis]),
    strides: list('strides', rank, 1),
    dilations: list('dilations', rank, 1),
    pads: list('pads', 2 * rank, 0),
  }
}

/** The attribute kernel_shape of an operator that has no weight to tell it. Throws `FormatError` where it is missing. */
export function kernelShape(attributes: OnnxAttributes, where: string): readonly number[] {
  const kernel = attributes.ints('kernel_shape')
  if (kernel?.every((extent) => extent > 0)) return kernel
  throw new FormatError(
    `${where}: kernel_shape is ${kernel ? formatShape(kernel) : 'missing'}; wanted extents from 1 on`,
  )
}

/** How much of its input a window spans along an axis. */
export function reach({ kernel, dilations }: Window, axis: number): number {
  return (kernel[axis] - 1) * dilations[axis] + 1
}

/** Total padding, axis by axis, as [beginnings, ends]: SAME_UPPER puts the odd one at the end, anything else before. */
export function splitPadding(totals: readonly number[], padding: string): number[] {
  const less = totals.map((total) => Math.floor(total / 2))
  const more = totals.map((total, axis) => total - less[axis])
  return padding === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less]
}

/**
 * The pads of a window that slides over `extents`: SAME pads so that the output has ceil(extent / stride) elements, VALID
 * does not pad.
 */
export function slidingPads(window: Window, extents: readonly number[], padding: string): readonly number[] {
  if (padding === 'NOTSET') return window.pads
  if (padding === 'VALID') return window.pads.map(() => 0)
  const totals = extents.map((extent, axis) => {
    const stride = window.strides[axis]
    return Math.max((Math.ceil(extent / stride) - 1) * stride + reach(window, axis) - extent, 0)
  })
  return splitPadding(totals, padding)
}
