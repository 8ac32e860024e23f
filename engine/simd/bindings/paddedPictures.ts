import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'

/** Planes [height, width], and the bordered picture that a convolution slides its windows over; in elements. */
export interface Border {
  readonly planes: number
  readonly height: number
  readonly width: number
  readonly top: number
  readonly left: number
  readonly paddedHeight: number
  readonly paddedWidth: number
  /** How many lines and columns apart two neighbouring windows are, and how far a window reaches from its first. */
  readonly strideHeight: number
  readonly strideWidth: number
  readonly reachHeight: number
  readonly reachWidth: number
}

/**
 * How bordered pictures lie in the memory. Where windows are one line high, only the lines that they stand on are there.
 * Column c of a line is column floor(c / phases) of part c % phases, phaseWidth columns each: windows next to each other
 * read neighbours.
 */
export interface Layout {
  readonly lines: number
  readonly step: number
  readonly phases: number
  readonly parts: number
  readonly phaseWidth: number
  /** How far apart are lines, planes, and a window and the one below it. */
  readonly line: number
  readonly plane: number
  readonly windowLine: number
}

/** The layout of the bordered copy. */
export function layoutOf(border: Border): Layout {
  const step = border.reachHeight === 0 ? border.strideHeight : 1
  const lines = Math.ceil(border.paddedHeight / step)
  const phases = border.strideWidth
  const parts = Math.min(phases, border.reachWidth + 1)
  const phaseWidth = Math.ceil(border.paddedWidth / phases)
  const line = parts * phaseWidth
  return {
    lines,
    step,
    phases,
    parts,
    phaseWidth,
    line,
    plane: lines * line,
    windowLine: (border.strideHeight / step) * line,
  }
}

/** The integers by which `copyPadded` and its kin border a plane, after its height and width. */
export function borderArguments({ top, left }: Border, layout: Layout): number[] {
  return [layout.lines, top, left, layout.step, layout.phases, layout.parts, layout.phaseWidth]
}

/** Planes with their border: where they lie if there is none to add, else a copy for the length of the call. */
export function paddedPictures(
  { memory, dispatch }: Simd<SimdExports>,
  x: number,
  border: Border,
): Layout & { pointer: number } {
  const { planes, height, width, top, left, paddedHeight, paddedWidth, strideHeight, strideWidth } = border
  if (strideWidth === 1 && top === 0 && left === 0 && paddedHeight <= height && paddedWidth <= width) {
    const plane = height * width
    const windowLine = strideHeight * width
    return {
      pointer: x,
      lines: height,
      step: 1,
      phases: 1,
      parts: 1,
      phaseWidth: width,
      line: width,
      plane,
      windowLine,
    }
  }
  const layout = layoutOf(border)
  // Vectors of the weight gradient may read three columns beyond the last line.
  const pointer = memory.allocate(4 * planes * layout.plane + 16)
  dispatch('copyPadded', planes, planes * layout.plane, [x, height, width, pointer, ...borderArguments(border, layout)])
  return { pointer, ...layout }
}

/** Where column c of a line lies. */
export function columnOffset({ phases, phaseWidth }: Layout, c: number): number {
  return (c % phases) * phaseWidth + Math.floor(c / phases)
}
