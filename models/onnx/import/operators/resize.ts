import { shortestDecimal } from '../../attributes.ts'
import { isFloat } from '../../elements.ts'
import type { NodeAttributes, NodeBuilder } from '../nodeBuilder.ts'
import type { OnnxOperator } from './operator.ts'
import { evaluateResize, isSpecialResize } from './resizeWeights.ts'

/** ONNX Resize, nearest and linear; its scales or sizes become attributes. Its other forms are only evaluated. */
export const Resize: OnnxOperator = {
  name: 'Resize',
  since: 11,
  attributes: {
    antialias: 'int',
    axes: 'ints',
    coordinate_transformation_mode: 'string',
    cubic_coeff_a: 'float',
    exclude_outside: 'int',
    extrapolation_value: 'float',
    keep_aspect_ratio_policy: 'string',
    mode: 'string',
    nearest_mode: 'string',
  },
  constants: [1, 2, 3],
  build(node) {
    const { attributes } = node
    const mode = attributes.string('mode', 'nearest')
    if (mode !== 'nearest' && mode !== 'linear') node.refuse(`mode '${mode}'; wanted nearest or linear`)
    if (attributes.int('antialias', 0) !== 0) node.refuse('antialias')
    if (attributes.int('exclude_outside', 0) !== 0) node.refuse('exclude_outside')
    const coordinates = attributes.string('coordinate_transformation_mode', 'half_pixel')
    if (coordinates === 'tf_crop_and_resize') node.refuse('coordinate_transformation_mode tf_crop_and_resize')
    const given = attributes.given(
      'mode',
      'axes',
      'coordinate_transformation_mode',
      'nearest_mode',
      'keep_aspect_ratio_policy',
    )
    const x = mode === 'nearest' ? node.tensor(0) : node.float(0)
    node.emit('Resize', [x], { ...given, ...requested(node) })
  },
  evaluates: ({ inputs, attributes }) => inputs[0] !== null && isFloat(inputs[0].type) && isSpecialResize(attributes),
  evaluate: (call) => [evaluateResize(call)],
}

/** The scales or sizes, and the axes they are for: none whose size is the unknown extent that it has already. */
function requested(node: NodeBuilder): NodeAttributes {
  const scales = node.known(2)
  if (scales !== undefined && scales.data.length > 0) {
    return { scales: Array.from(scales.data as Float32Array, shortestDecimal) }
  }
  const sizes = node.partialIntegers(3)
  if (!sizes.includes(null)) return { sizes: sizes as number[] }
  const axes = node.attributes.ints('axes') ?? sizes.map((_, axis) => axis)
  const kept: number[] = []
  const known: number[] = []
  for (const [i, size] of sizes.entries()) {
    if (size !== null) {
      kept.push(axes[i])
      known.push(size)
    } else if (node.shape(0).at(axes[i]) !== null) node.refuse('to a size that is known only at run time')
  }
  return { axes: kept, sizes: known }
}
