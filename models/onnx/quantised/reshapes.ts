/** Operators that give a tensor another shape. */

import { FormatError } from '../../../engine/base/errors.ts'
import { formatShape, normaliseAxis, sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { codesName } from './names.ts'
import type { NodeReader } from './node.ts'
import { type View, viewSize } from './tensors.ts'

/** The view of the input. */
function viewOf(node: NodeReader): View {
  const tensor = node.tensor(0)
  if (tensor.kind === 'codes' || tensor.kind === 'real' || tensor.kind === 'unquantised') return tensor.view
  return node.refuse(`its input '${node.inputName(0)}' is a constant or not quantised; wanted activations`)
}

/**
 * Gives the input another view. Real numbers get a step of their own, as our programs have it; codes, and what is still
 * to be quantised, only once an operator wants the new shape.
 */
function reshape(node: NodeReader, view: View): void {
  const tensor = node.tensor(0)
  if (tensor.kind !== 'codes' && tensor.kind !== 'real' && tensor.kind !== 'unquantised') return
  if (viewSize(tensor.view) !== viewSize(view)) {
    throw new FormatError(
      `from ${formatShape([null, ...tensor.view.dims])} to ${formatShape([null, ...view.dims])}, which hold different numbers`,
    )
  }
  if (tensor.kind === 'real' && tensor.view.rows === 1 && view.rows === 1) {
    const { value } = tensor
    node.handOn(node.operation('Reshape', [value], view.dims), 'real')
    return
  }
  if (tensor.kind === 'codes' && view.rows === 1 && sameShape(tensor.value.shape, view.dims)) {
    // Codes that come back to their own shape: a QLinearConv's pictures of rows. This is their name.
    tensor.value.name = codesName(node.output, tensor.value.name)
  }
  node.define({ ...tensor, view })
}

/** Reshape. The first extent stands for the batch: 0, -1, or a number where the rest holds as much as an image. */
export function readReshape(node: NodeReader): void {
  node.allow('allowzero')
  const from = viewOf(node)
  const [first, ...rest] = node.numbers(1) ?? []
  if (first === undefined) throw new FormatError('it has no shape')
  if (node.attributes.int('allowzero', 0) === 1 && [first, ...rest].includes(0))
    node.refuse('allowzero with an extent 0')
  const dims = rest.map((extent, i) => (extent === 0 ? (from.dims[i] ?? 0) : extent))
  const wild = dims.indexOf(-1)
  if (
    dims.some((extent, i) => i !== wild && !(Number.isSafeInteger(extent) && extent > 0)) ||
    (wild >= 0 && first === -1)
  ) {
    throw new FormatError(`shape ${formatShape([first, ...rest])} of ${formatShape([null, ...from.dims])}`)
  }
  const size = viewSize(from)
  // The batch is kept, so what is left open is the rest of an image.
  const images = first === 0 ? from.rows : 1
  if (wild >= 0) dims[wild] = size / images / -sizeOf(dims)
  const rows = size / sizeOf(dims)
  if (!Number.isInteger(rows) || !dims.every(Number.isInteger) || (first !== -1 && rows !== images)) {
    node.refuse(
      `shape ${formatShape([first, ...rest])} of ${formatShape([null, ...from.dims])} does not keep the batch`,
    )
  }
  reshape(node, { rows, dims })
}

/** Flatten behind the batch. */
export function readFlatten(node: NodeReader): void {
  node.allow('axis')
  const { rows, dims } = viewOf(node)
  const axis = node.attributes.int('axis', 1)
  if (axis !== 1 && normaliseAxis(axis, dims.length + 1, node.where) !== 1) node.refuse(`axis ${axis} moves the batch`)
  reshape(node, { rows, dims: [sizeOf(dims)] })
}

/** Squeeze and Unsqueeze at axes behind the batch; axes are an input. */
export function readSqueeze(node: NodeReader): void {
  node.allow()
  const { rows, dims } = viewOf(node)
  const axes = node.numbers(1) ?? node.refuse('without axes')
  const gone = new Set(axes.map((axis) => normaliseAxis(axis, dims.length + 1, node.where)))
  if (gone.has(0)) node.refuse('it moves the batch')
  if (dims.some((extent, i) => gone.has(i + 1) && extent !== 1))
    throw new FormatError(`axes ${formatShape(axes)} of ${formatShape([null, ...dims])}`)
  reshape(node, { rows, dims: dims.filter((_, i) => !gone.has(i + 1)) })
}

/** See `readSqueeze`. */
export function readUnsqueeze(node: NodeReader): void {
  node.allow()
  const { rows, dims } = viewOf(node)
  const axes = node.numbers(1) ?? node.refuse('without axes')
  const rank = dims.length + 1 + axes.length
  const added = new Set(axes.map((axis) => normaliseAxis(axis, rank, node.where)))
  if (added.has(0) || added.size !== axes.length) node.refuse(`axes ${formatShape(axes)}`)
  const old = dims.values()
  reshape(node, {
    rows,
    dims: Array.from({ length: rank - 1 }, (_, i) => (added.has(i + 1) ? 1 : (old.next().value as number))),
  })
}
