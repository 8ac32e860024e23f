import { type ConvShape, copyPadded } from './convShape.ts'
import { gatherProduct } from './gatherProduct.ts'

/**
 * One axis of the pixels whose distance from the start of the padding leaves the same remainder modulo the stride: only
 * some taps of the kernel reach them, and those reach them along a whole lattice.
 */
export interface Residue {
  /** Kernel indices that reach these pixels, descending, and how far each looks back in the output gradient (<= 0). */
  readonly kernel: readonly number[]
  readonly shift: readonly number[]
  /** The pixels, and where in the output gradient a shift of 0 finds each. */
  readonly pixels: readonly number[]
  readonly origin: readonly number[]
}

/** The pixels and taps of one pair of residues, as the tables of `gatherProduct`. */
interface Phase {
  readonly columns: Int32Array
  readonly taps: Int32Array
  readonly outColumns: Int32Array
  /** The weights as [channels, taps]. */
  readonly weights: Float32Array
}

/**
 * The gradient of `conv2d` with respect to x; also the forward pass of the transposed convolution.
 * gradX[n, ic, y, x] = the sum over (oc, kh, kw) of gradOut[n, oc, oy, ox] * weight[oc, ic, kh, kw], where oy * stride -
 * padTop + kh * dilation = y and likewise ox, oc running over the outputs of ic's group. Per pixel one f32 accumulator
 * from +0, oc ascending, within it kh and then kw *descending*, product and sum rounded each: `conv2d` with flipped
 * weights over the output gradient. Taps that fall between two strides are skipped; a tap outside the output gradient
 * adds 0 * w, which for finite w is the same as skipping it.
 */
export function conv2dGradInput(
  gradOut: Float32Array,
  weight: Float32Array,
  shape: ConvShape,
  gradX: Float32Array,
): void {
  const { batch, groups, height, width, outHeight, outWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  // How far a tap looks back at most, and the last row and column that any tap reaches.
  const top = Math.floor(((shape.kernelHeight - 1) * shape.dilationHeight) / shape.strideHeight)
  const left = Math.floor(((shape.kernelWidth - 1) * shape.dilationWidth) / shape.strideWidth)
  const paddedHeight = top + Math.floor((height - 1 + shape.padTop) / shape.strideHeight) + 1
  const paddedWidth = left + Math.floor((width - 1 + shape.padLeft) / shape.strideWidth) + 1

  const padded = new Float32Array(outChannels * paddedHeight * paddedWidth)
  const phases = phasesOf(weight, shape, top, left, paddedHeight, paddedWidth)
  gradX.fill(0)
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      const offset = (n * groups + g) * outChannels * outHeight * outWidth
      copyPadded(gradOut, offset, outChannels, outHeight, outWidth, top, left, padded, paddedHeight, paddedWidth)
      const outOffset = (n * groups + g) * channels * height * width
      for (const { columns, taps, outColumns, weights } of phases) {
        const aOffset = g * channels * taps.length
        const outRow = height * width
        gatherProduct(
          weights,
          aOffset,
          taps.length,
          channels,
          padded,
          columns,
          taps,
          gradX,
          outOffset,
          outRow,
          outColumns,
        )
      }
    }
  }
}

/** Every pair of residues that has pixels and taps. */
function phasesOf(
  weight: Float32Array,
  shape: ConvShape,
  top: number,
  left: number,
  paddedHeight: number,
  paddedWidth: number,
): Phase[] {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = shape
  const vertical = residuesOf(shape.height, shape.padTop, strideHeight, dilationHeight, kernelHeight)
  const horizontal = residuesOf(shape.width, shape.padLeft, strideWidth, dilationWidth, kernelWidth)
  const outChannels = shape.outChannels / shape.groups
  const phases: Phase[] = []
  for (const v of vertical) {
    for (const h of horizontal) {
      const columns: number[] = []
      const outColumns: number[] = []
      for (let i = 0; i < v.pixels.length; i++) {
        for (let j = 0; j < h.pixels.length; j++) {
          columns.push(v.origin[i] * paddedWidth + h.origin[j])
          outColumns.push(v.pixels[i] * shape.width + h.pixels[j])
        }
      }
      const taps: number[] = []
      for (let oc = 0; oc < outChannels; oc++) {
        for (const dy of v.shift) {
          for (const dx of h.shift) taps.push((oc * paddedHeight + top + dy) * paddedWidth + left + dx)
        }
      }
      if (columns.length === 0 || taps.length === 0) continue
      phases.push({
        columns: Int32Array.from(columns),
        taps: Int32Array.from(taps),
        outColumns: Int32Array.from(outColumns),
        weights: flippedWeights(weight, shape, v.kernel, h.kernel),
      })
    }
  }
  return phases
}

/** The residues of one axis, 0 ... stride - 1. */
export function residuesOf(
  extent: number,
  pad: number,
  stride: number,
  dilation: number,
  kernelExtent: number,
): Residue[] {
  const residues: Residue[] = []
  for (let residue = 0; residue < stride; residue++) {
    const kernel: number[] = []
    const shift: number[] = []
    for (let k = kernelExtent - 1; k >= 0; k--) {
      if ((residue - k * dilation) % stride !== 0) continue
      kernel.push(k)
      shift.push((residue - k * dilation) / stride)
    }
    const pixels: number[] = []
    const origin: number[] = []
    for (let p = 0; p < extent; p++) {
      if ((p + pad) % stride !== residue) continue
      pixels.push(p)
      origin.push((p + pad - residue) / stride)
    }
    residues.push({ kernel, shift, pixels, origin })
  }
  return residues
}

/** The weights of the given kernel rows and columns as [channels, outChannels / groups, rows, columns]. */
function flippedWeights(
  weight: Float32Array,
  shape: ConvShape,
  rows: readonly number[],
  columns: readonly number[],
): Float32Array {
  const { groups, kernelHeight, kernelWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const out = new Float32Array(shape.channels * outChannels * rows.length * columns.length)
  let i = 0
  for (let g = 0; g < groups; g++) {
    for (let ic = 0; ic < channels; ic++) {
      for (let oc = 0; oc < outChannels; oc++) {
        const base = ((g * outChannels + oc) * channels + ic) * kernelHeight
        for (const kh of rows) {
          for (const kw of columns) out[i++] = weight[(base + kh) * kernelWidth + kw]
        }
      }
    }
  }
  return out
}
