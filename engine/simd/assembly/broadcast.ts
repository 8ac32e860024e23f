/**
 * Rows of a broadcast (kernels/broadcast.ts). A layout is `rank`, then the extents, then the strides of a, then those of
 * b, each from the outermost axis, all i32.
 */

/** How many elements from element `at` of the result on lie in its row and before `end`. */
export function runLength(layout: usize, at: i32, end: i32): i32 {
  const length = load<i32>(layout + ((<usize>load<i32>(layout)) << 2))
  return min<i32>(length - (at % length), end - at)
}

/** Where the operand (0: a, 1: b) has the element that goes into element `at` of the result, in bytes. */
export function operandOffset(layout: usize, operand: i32, at: i32): usize {
  const rank = load<i32>(layout)
  let offset = 0
  for (let axis = rank; axis > 0; axis--) {
    const extent = load<i32>(layout + ((<usize>axis) << 2))
    const rest = at / extent
    offset += (at - rest * extent) * load<i32>(layout + ((<usize>(axis + (operand + 1) * rank)) << 2))
    at = rest
  }
  return (<usize>offset) << 2
}

/** How far apart neighbours in a row are in the operand (0: a, 1: b): 0 or 1. */
export function rowStep(layout: usize, operand: i32): i32 {
  const rank = load<i32>(layout)
  return load<i32>(layout + ((<usize>((operand + 2) * rank)) << 2))
}
