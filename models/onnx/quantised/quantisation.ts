/** QuantizeLinear and DequantizeLinear: where real numbers become codes, and back. */

import { typeOfCode } from '../codec/types.ts'
import { activationQuantiser, dequantisedConstant, quantisedConstant } from './constants.ts'
import { inputValue } from './graph.ts'
import { codesName } from './names.ts'
import type { NodeReader } from './node.ts'
import { sameQuantiser, type Tensor, type TensorQuantiser } from './tensors.ts'

/** The attributes that both may have, at the values that mean nothing. */
function checkAttributes(node: NodeReader, ...others: readonly string[]): void {
  node.allow('axis', 'block_size', ...others)
  if (node.attributes.int('block_size', 0) !== 0) node.refuse('quantisation in blocks')
}

/**
 * QuantizeLinear. Of codes' own real numbers it changes nothing, or the quantiser. A float constant is quantised here
 * and now.
 */
export function readQuantizeLinear(node: NodeReader): void {
  checkAttributes(node, 'output_dtype', 'precision', 'saturate')
  const { attributes, graph } = node
  // TensorProto.FLOAT: scales are float32, so the division is too.
  const precision = attributes.int('precision', 0)
  if (precision !== 0 && precision !== 1) node.refuse(`precision ${precision}; wanted float32`)
  const given = attributes.int('output_dtype', 0)
  const type = given === 0 ? 'uint8' : (typeOfCode(given) ?? `type ${given}`)
  const [x, scale, zeroPoint] = [node.tensor(0), node.constant(1), node.optionalConstant(2)]
  if (x.kind === 'constant') {
    const tensor = quantisedConstant(x.tensor, scale, zeroPoint, type, attributes.int('axis', 1))
    node.define({ kind: 'constant', tensor })
    return
  }
  const quantiser = activationQuantiser(scale, zeroPoint, type, graph.backend)
  if (x.kind === 'input') node.define(quantisedInput(node, x, quantiser))
  else if (x.kind === 'unquantised') {
    const value = graph.quantiseOperation(x.operation, quantiser, codesName(node.output, x.operation.name))
    node.define({ kind: 'codes', value, view: x.view })
  } else if (x.kind === 'real') {
    const { value, view } = x
    const name = codesName(node.output, value.name)
    const changed = graph.requantised(value, quantiser, name)
    if (changed === value && value.isProvisional) {
      value.name = name
      value.isProvisional = false
    }
    node.define({ kind: 'codes', value: changed, view })
  } else node.refuse(`its input '${node.inputName(0)}' is codes; wanted real numbers`)
}

/** The model's input quantised: once, or again in the same way. */
function quantisedInput(node: NodeReader, { shape }: Tensor & { kind: 'input' }, quantiser: TensorQuantiser): Tensor {
  const { graph } = node
  const codes = inputValue(node.inputName(0), shape, quantiser)
  if (graph.input === null) graph.input = codes.value
  else if (!sameQuantiser(graph.input.quantiser, quantiser))
    node.refuse('it quantises the model’s input a second time, in another way')
  return { ...codes, value: graph.input }
}

/** DequantizeLinear, of activations or of a constant. */
export function readDequantizeLinear(node: NodeReader): void {
  checkAttributes(node, 'output_dtype')
  const { attributes, graph } = node
  const [x, scale, zeroPoint] = [node.tensor(0), node.constant(1), node.optionalConstant(2)]
  const dtype = attributes.int('output_dtype', 0)
  if (dtype !== 0 && typeOfCode(dtype) !== 'float32') node.refuse(`output_dtype ${dtype}; wanted float32`)
  if (x.kind === 'constant') node.define(dequantisedConstant(x.tensor, scale, zeroPoint, attributes.int('axis', 1)))
  else if (x.kind === 'codes') {
    const { value, view } = x
    const stated = activationQuantiser(scale, zeroPoint, value.quantiser.type, graph.backend)
    if (!sameQuantiser(stated, value.quantiser)) node.refuse(`it reads '${value.name}' with another quantiser`)
    node.define({ kind: 'real', value, view })
  } else if (x.kind === 'input') node.refuse('the model’s input is codes; wanted float32 and a QuantizeLinear')
  else node.refuse(`its input '${node.inputName(0)}' is not codes`)
}
