/** What the names of a quantised model stand for while a program is being made of it. */

import { type Shape, sizeOf } from '../../../engine/base/shape.ts'
import type { AttributeValue } from '../../../engine/graph/graph.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import type { Interval } from '../../../quant/integer/lower/fuse.ts'
import type { LayerCodes } from '../../../quant/integer/lower/layerStep.ts'
import type { ProgramValue } from '../../../quant/integer/program.ts'
import type { OnnxTensor } from '../model.ts'

/** The types of activation and weight codes. */
export type CodeType = 'uint8' | 'int8' | 'uint4' | 'int4'

/** A quantiser for a whole tensor, in the back end's codes. */
export interface TensorQuantiser extends Pick<ProgramValue, 'scale' | 'zeroPoint' | 'qmin' | 'qmax'> {
  /** What the file's codes are; those of the other sign are moved by half their number. */
  readonly type: CodeType
}

/** A tensor of codes. */
export interface QuantisedValue {
  name: string
  /** Without the batch. */
  readonly shape: Shape
  readonly quantiser: TensorQuantiser
  /** Made by an operator that hands on codes; the name is its own until a QuantizeLinear gives a better one. */
  isProvisional: boolean
}

/** The shape that the file gives a tensor: [N * rows, ...dims]. */
export interface View {
  readonly rows: number
  /** Row-major, the elements of an image are those of the value. */
  readonly dims: Shape
}

/** A bias: int32 codes of scale s_in * s_w, or real numbers. */
export type LayerBias =
  | { readonly kind: 'codes'; readonly codes: Int32Array; readonly scale: readonly number[] | null }
  | { readonly kind: 'real'; readonly values: Float32Array }

/** The weights and the bias of a layer. */
export interface LayerConstants {
  readonly weight: LayerCodes
  readonly bias: LayerBias | null
}

/** An operator that reads codes. 'Requantise': the same numbers with another quantiser. */
export interface Operation {
  readonly op: OpName | 'Requantise'
  readonly name: string
  readonly inputs: readonly QuantisedValue[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** Of the result, without the batch. */
  readonly shape: Shape
  /** What activations behind it limit the result to. */
  readonly clamp: Interval
  readonly layer?: LayerConstants
}

/** An operator with the codes that it makes. */
export interface QuantisedNode extends Operation {
  readonly output: QuantisedValue
}

/** What a name stands for. */
export type Tensor =
  | { readonly kind: 'input'; readonly shape: Shape }
  | { readonly kind: 'constant'; readonly tensor: OnnxTensor }
  /** Constant codes behind DequantizeLinear; `axis` null: one scale. */
  | {
      readonly kind: 'dequantised'
      readonly tensor: OnnxTensor
      readonly zeroPoint: number
      readonly scale: readonly number[]
      readonly axis: number | null
    }
  /** A value as the codes that it is, or as the real numbers that they stand for. */
  | { readonly kind: 'codes' | 'real'; readonly value: QuantisedValue; readonly view: View }
  /** Real numbers that no quantiser has seen. */
  | { readonly kind: 'unquantised'; readonly operation: Operation; readonly view: View }
  | { readonly kind: 'refused' }

/** No activation. */
export const unlimited: Interval = { lo: -Infinity, hi: Infinity }

/** A value's own shape as a view. */
export function wholeView(shape: Shape): View {
  return { rows: 1, dims: shape }
}

/** Elements of one image. */
export function viewSize({ rows, dims }: View): number {
  return rows * sizeOf(dims)
}

/** Whether two quantisers map the same codes to the same numbers. */
export function sameQuantiser(a: TensorQuantiser, b: TensorQuantiser): boolean {
  return a.scale === b.scale && a.zeroPoint === b.zeroPoint && a.qmin === b.qmin && a.qmax === b.qmax
}
