/** Operators between real numbers that codes stand for: additions, means, functions, activations. */

import { FormatError } from '../../../engine/base/errors.ts'
import { formatShape, normaliseAxis, sameShape } from '../../../engine/base/shape.ts'
import { clampOf, composeClamps, type Interval, isAbsorbing } from '../../../quant/integer/lower/fuse.ts'
import { sharesQuantiser } from '../../../quant/integer/lower/sharing.ts'
import type { TableFunction } from '../../../quant/integer/rules.ts'
import { kernelShape } from '../import/window.ts'
import { pictureWindow } from './layers.ts'
import type { NodeReader } from './node.ts'
import { type Operation, type QuantisedValue, sameQuantiser, type Tensor } from './tensors.ts'

/** An operation whose result has its own quantiser, or in some back ends its input's. */
function finish(node: NodeReader, operation: Operation): void {
  const { op, name, attributes } = operation
  const shares =
    op !== 'Requantise' &&
    sharesQuantiser({ node: { name, op, inputs: [], outputs: [], attributes } }, node.graph.backend)
  if (shares) node.handOn(operation, 'real')
  else node.unquantised(operation)
}

/** Add or Mul of two tensors of one shape; x Sigmoid(x) is Swish. */
export function readPair(op: 'Add' | 'Mul'): (node: NodeReader) => void {
  return (node) => {
    node.allow()
    const gated = op === 'Mul' ? swishInput(node) : null
    if (gated !== null) {
      const x = node.real(gated)
      finish(node, node.operation('Swish', [x], x.shape))
      return
    }
    const [a, b] = [node.real(0), node.real(1)]
    if (!sameShape(a.shape, b.shape)) {
      node.refuse(`inputs ${formatShape([null, ...a.shape])} and ${formatShape([null, ...b.shape])}; wanted one shape`)
    }
    node.unquantised(node.operation(op, [a, b], a.shape))
  }
}

/** The input x of a product with Sigmoid(x), or null. */
function swishInput(node: NodeReader): 0 | 1 | null {
  const [first, second] = [node.tensor(0), node.tensor(1)]
  const isGate = (gate: Tensor, x: Tensor): boolean =>
    gate.kind === 'unquantised' &&
    gate.operation.op === 'Sigmoid' &&
    x.kind === 'real' &&
    gate.operation.inputs[0] === x.value
  if (isGate(second, first)) return 0
  return isGate(first, second) ? 1 : null
}

/** A function of one variable, with the attributes that it may have. */
export function readFunction(op: TableFunction, ...attributes: readonly string[]): (node: NodeReader) => void {
  return (node) => {
    node.allow(...attributes)
    const x = node.real(0)
    finish(node, node.operation(op, [x], x.shape, { attributes: functionAttributes(node, attributes) }))
  }
}

/** Those of the attributes that the node has: numbers, or what Gelu approximates by. */
function functionAttributes({ attributes, refuse }: NodeReader, names: readonly string[]): Operation['attributes'] {
  return Object.fromEntries(
    names
      .filter((name) => attributes.has(name))
      .map((name) => {
        if (name !== 'approximate') return [name, attributes.float(name, 0)]
        const by = attributes.string(name, 'none')
        return [name, by === 'none' || by === 'tanh' ? by : refuse(`approximate '${by}'; wanted none or tanh`)]
      }),
  )
}

/** Softmax along an axis that is not the batch. */
export function readSoftmax(node: NodeReader): void {
  node.allow('axis')
  const x = node.real(0)
  const axis = normaliseAxis(node.attributes.int('axis', -1), x.shape.length + 1, node.where)
  if (axis === 0) node.refuse('it normalises along the batch')
  finish(node, node.operation('Softmax', [x], x.shape, { attributes: { axis } }))
}

const poolAttributes = ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides']

/** The operation of a pool: window, extents, and that no window lies in the padding alone. */
function pool(
  node: NodeReader,
  op: 'AveragePool' | 'MaxPool',
  kind: 'codes' | 'real',
  extra: Operation['attributes'],
): Operation {
  const { value, view } = node.coded(0, kind)
  const x = node.graph.viewed(value, view)
  const { window, extents } = pictureWindow(node, kernelShape(node.attributes, node.where), x.shape)
  const { kernel_shape, pads = [], dilations = [] } = window
  for (const axis of [0, 1]) {
    const reach = (kernel_shape[axis] - 1) * dilations[axis]
    if (Math.max(pads[axis], pads[axis + 2]) > reach) node.refuse(`pads ${formatShape(pads)} hold whole windows`)
  }
  node.graph.spend(extents[0] * extents[1] * (kernel_shape[0] + kernel_shape[1]))
  return node.operation(op, [x], [x.shape[0], ...extents], { attributes: { ...window, ...extra } })
}

/** MaxPool of real numbers or codes, without its second output. */
export function readMaxPool(node: NodeReader): void {
  node.allow(...poolAttributes, 'storage_order')
  const kind = node.tensor(0).kind === 'codes' ? 'codes' : 'real'
  node.handOn(pool(node, 'MaxPool', kind, {}), kind)
}

/** AveragePool. */
export function readAveragePool(node: NodeReader): void {
  node.allow(...poolAttributes, 'count_include_pad')
  const { attributes, graph } = node
  const count = attributes.int('count_include_pad', 0)
  if (count !== 0 && attributes.int('ceil_mode', 0) !== 0 && graph.opset < 19) {
    node.refuse('ceil_mode with count_include_pad, which operator sets before 19 leave open')
  }
  finish(node, pool(node, 'AveragePool', 'real', { count_include_pad: count }))
}

/** The attributes of an AveragePool over the whole plane. */
function planeWindow({ shape }: QuantisedValue): Pick<Operation, 'attributes'> {
  return { attributes: { kernel_shape: shape.slice(1) } }
}

/** GlobalAveragePool. */
export function readGlobalAveragePool(node: NodeReader): void {
  node.allow()
  const x = node.real(0)
  if (x.shape.length !== 3)
    throw new FormatError(`its input is ${formatShape([null, ...x.shape])}; wanted [N, C, H, W]`)
  finish(node, node.operation('GlobalAveragePool', [x], [x.shape[0], 1, 1], planeWindow(x)))
}

/** ReduceMean over the plane of [N, C, H, W]; its axes are an input since operator set 18, an attribute before. */
export function readReduceMean(node: NodeReader): void {
  node.allow('axes', 'keepdims', 'noop_with_empty_axes')
  const x = node.real(0)
  const listed = node.attributes.ints('axes') ?? node.numbers(1) ?? []
  const axes = listed.map((axis) => normaliseAxis(axis, x.shape.length + 1, node.where)).sort((a, b) => a - b)
  if (x.shape.length !== 3 || !sameShape(axes, [2, 3])) node.refuse('wanted the mean over the plane of [N, C, H, W]')
  const [channels] = x.shape
  const shape = node.attributes.int('keepdims', 1) === 0 ? [channels] : [channels, 1, 1]
  finish(node, node.operation('ReduceMean', [x], shape, planeWindow(x)))
}

/** Relu or Clip: folded into the operation before it, or limiting codes. The bounds of Clip are inputs. */
export function readClamp(op: 'Relu' | 'Clip'): (node: NodeReader) => void {
  return (node) => {
    node.allow()
    const clamp = op === 'Relu' ? { lo: 0, hi: Infinity } : clipInterval(node)
    const x = node.tensor(0)
    if (x.kind === 'unquantised') {
      const { operation, view } = x
      if (operation.op !== 'Clip' && !isAbsorbing(operation))
        node.refuse(`'${node.inputName(0)}', the result of a ${operation.op}, is not quantised before it`)
      node.unquantised({ ...operation, clamp: composeClamps(operation.clamp, clamp) }, view)
      return
    }
    const { value, view } = node.coded(0, 'real')
    const operation = node.operation('Clip', [value], value.shape, { clamp })
    node.unquantised(operation, view)
  }
}

function clipInterval(node: NodeReader): Interval {
  const bound = (input: number): number | undefined => {
    const values = node.numbers(input)
    if (values !== undefined && (values.length !== 1 || Number.isNaN(values[0]))) {
      throw new FormatError(
        `its bound '${node.inputName(input)}' is ${values.length === 1 ? NaN : `${values.length} numbers`}`,
      )
    }
    return values?.[0]
  }
  const [min = -Infinity, max = Infinity] = [bound(1), bound(2)]
  return clampOf({ name: '', op: 'Clip', inputs: [], outputs: [], attributes: { min, max } }) as Interval
}

/** Concat along an axis that is not the batch, of real numbers or codes. Inputs of one quantiser hand it on. */
export function readConcat(node: NodeReader): void {
  node.allow('axis')
  const kind = node.tensor(0).kind === 'codes' ? 'codes' : 'real'
  const inputs = Array.from({ length: node.inputCount }, (_, i) => {
    const { value, view } = node.coded(i, kind)
    return node.graph.viewed(value, view)
  })
  const [first] = inputs
  const axis = normaliseAxis(node.attributes.int('axis', 1), first.shape.length + 1, node.where) - 1
  if (axis < 0) node.refuse('it joins along the batch')
  const rest = (shape: readonly number[]): readonly number[] => shape.filter((_, i) => i !== axis)
  if (inputs.some(({ shape }) => shape.length !== first.shape.length || !sameShape(rest(shape), rest(first.shape)))) {
    throw new FormatError(`inputs ${inputs.map(({ shape }) => formatShape([null, ...shape])).join(' and ')}`)
  }
  const extent = inputs.reduce((sum, { shape }) => sum + shape[axis], 0)
  const shape = first.shape.map((old, i) => (i === axis ? extent : old))
  const operation = node.operation('Concat', inputs, shape, { attributes: { axis: axis + 1 } })
  const isShared = inputs.every(({ quantiser }) => sameQuantiser(quantiser, first.quantiser))
  if (isShared) node.handOn(operation, kind)
  else if (kind === 'codes') node.refuse('its inputs are codes of different quantisers')
  else node.unquantised(operation)
}

/** Transpose, of real numbers or codes, that leaves the batch in its place. */
export function readTranspose(node: NodeReader): void {
  node.allow('perm')
  const kind = node.tensor(0).kind === 'codes' ? 'codes' : 'real'
  const { value, view } = node.coded(0, kind)
  const x = node.graph.viewed(value, view)
  const perm = node.attributes.ints('perm') ?? Array.from({ length: x.shape.length + 1 }, (_, i) => x.shape.length - i)
  const sorted = [...perm].sort((a, b) => a - b)
  if (perm.length !== x.shape.length + 1 || sorted.some((axis, i) => axis !== i)) {
    throw new FormatError(`perm ${formatShape(perm)} for ${formatShape([null, ...x.shape])}`)
  }
  if (perm[0] !== 0) node.refuse('it moves the batch')
  const shape = perm.slice(1).map((axis) => x.shape[axis - 1])
  node.handOn(node.operation('Transpose', [x], shape, { attributes: { perm } }), kind)
}

/** Identity: another name. */
export function readIdentity(node: NodeReader): void {
  node.define(node.tensor(0))
}

/** Constant with a tensor. */
export function readConstant(node: NodeReader): void {
  node.allow('value')
  const tensor = node.attributes.tensor('value')
  if (tensor === undefined) throw new FormatError('it has no value')
  node.define({ kind: 'constant', tensor })
}
