import { ShapeError } from '../base/errors.ts'
import { type Dim, normaliseAxis, type Shape, sizeOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op, Sample } from './op.ts'
import { onlyInput } from './unary.ts'

/** The attributes of ONNX's reductions. */
export interface ReduceAttributes {
  /** The axes to reduce, each in [-rank, rank), none twice. Absent or empty: all of them (see noop_with_empty_axes). */
  readonly axes?: readonly number[]
  /** 1 (default): reduced axes stay, with extent 1. 0: they are dropped. */
  readonly keepdims?: number
  /** 1: absent or empty axes reduce nothing. Default 0. */
  readonly noop_with_empty_axes?: number
}

/** What the functional reductions take. */
export interface ReduceOptions {
  /** The axes to reduce; default: all. */
  axes?: readonly number[]
  /** Whether reduced axes stay, with extent 1. Default false, as in PyTorch. */
  keepDims?: boolean
}

/** The functional options as attributes. */
export function reduceAttributes(options: ReduceOptions): ReduceAttributes {
  const keepdims = options.keepDims ? 1 : 0
  return options.axes === undefined ? { keepdims } : { axes: options.axes, keepdims }
}

/** One step of a reduction: x `[outer, extent, inner]` over its middle axis. */
export interface Stage {
  readonly outer: number
  readonly extent: number
  readonly inner: number
}

/** What distinguishes one reduction from another. */
export interface ReduceRule {
  readonly name: string
  /** Reduces x `[outer, extent, inner]` to out `[outer, inner]`; what it returns is handed to `backwardStage`. */
  forwardStage(context: Context, x: Float32Array, out: Float32Array, stage: Stage): unknown
  /** Sends gradOut `[outer, inner]` to gradX `[outer, extent, inner]`. */
  backwardStage(
    context: Context,
    args: { gradOut: Float32Array; gradX: Float32Array; stage: Stage; saved: unknown },
  ): void
  /** Divides the result, and its gradient, by the number of elements reduced. */
  readonly mean?: boolean
  samples(): Sample<ReduceAttributes>[]
}

/** Which axes are reduced. Throws `ShapeError` for an axis outside the rank or given twice. */
function reducedAxes(rank: number, attributes: ReduceAttributes, operation: string): boolean[] {
  const axes = attributes.axes ?? []
  const reduced = new Array<boolean>(rank).fill(axes.length === 0 && (attributes.noop_with_empty_axes ?? 0) === 0)
  for (const axis of axes) {
    const at = normaliseAxis(axis, rank, operation)
    if (reduced[at]) throw new ShapeError(`${operation}: axis ${axis} comes twice in [${axes.join(', ')}]`)
    reduced[at] = true
  }
  return reduced
}

/** The result's shape, before or after the extents are known. */
function reducedShape<D extends Dim>(shape: readonly D[], reduced: readonly boolean[], keep: boolean): (D | 1)[] {
  if (keep) return shape.map((extent, i) => (reduced[i] ? 1 : extent))
  return shape.filter((_, i) => !reduced[i])
}

/**
 * The steps of a reduction, in order. Axes of extent 1 are passed over, neighbours that are both reduced or both kept
 * are merged, and the reduced groups are then taken one at a time, the innermost first. So a contiguous group is summed
 * by the standard reduction (its inner is 1), and every further one ascending.
 */
export function reductionStages(shape: Shape, reduced: readonly boolean[]): Stage[] {
  const groups: { extent: number; reduced: boolean }[] = []
  for (const [i, extent] of shape.entries()) {
    const last = groups.at(-1)
    if (extent === 1) continue
    if (last?.reduced === reduced[i]) last.extent *= extent
    else groups.push({ extent, reduced: reduced[i] })
  }
  const stages: Stage[] = []
  let inner = 1
  for (let i = groups.length - 1; i >= 0; i--) {
    const { extent } = groups[i]
    if (groups[i].reduced) stages.push({ outer: sizeOf(groups.slice(0, i).map((g) => g.extent)), extent, inner })
    else inner *= extent
  }
  return stages
}

/** An operator that reduces over some of its input's axes. */
export function reduceOp(rule: ReduceRule): Op<ReduceAttributes> {
  const plan = (x: FloatTensor, attributes: ReduceAttributes) => {
    const reduced = reducedAxes(x.shape.length, attributes, rule.name)
    return {
      shape: reducedShape(x.shape, reduced, (attributes.keepdims ?? 1) !== 0),
      stages: reductionStages(x.shape, reduced),
      count: sizeOf(x.shape.filter((_, i) => reduced[i])),
    }
  }
  return {
    name: rule.name,
    shape(inputs, attributes) {
      const { shape } = onlyInput(inputs, rule.name)
      const reduced = reducedAxes(shape.length, attributes, rule.name)
      return [{ dtype: 'float32', shape: reducedShape(shape, reduced, (attributes.keepdims ?? 1) !== 0) }]
    },
    forward(context, inputs, attributes) {
      const x = asFloat(inputs[0] as Tensor, rule.name)
      const { shape, stages, count } = plan(x, attributes)
      const out = context.empty(shape)
      const saved: unknown[] = []
      let from = x.data
      for (const [i, stage] of stages.entries()) {
        const to = i === stages.length - 1 ? out : context.empty([stage.outer, stage.inner])
        saved.push(rule.forwardStage(context, from, to.data, stage))
        from = to.data
      }
      if (stages.length === 0) out.data.set(x.data)
      if (rule.mean && count !== 1) context.kernels.divideBy(out.data, out.data, count)
      return { outputs: [out], saved }
    },
    backward(context, { inputs, attributes, saved, gradOutputs }) {
      const x = asFloat(inputs[0] as Tensor, rule.name)
      const gradOut = gradOutputs[0] as FloatTensor
      const { stages, count } = plan(x, attributes)
      const gradX = context.empty(x.shape)
      let from = gradOut
      if (rule.mean && count !== 1) {
        from = context.empty(gradOut.shape)
        context.kernels.divideBy(gradOut.data, from.data, count)
      }
      for (let i = stages.length - 1; i >= 0; i--) {
        const stage = stages[i]
        const to = i === 0 ? gradX : context.empty([stage.outer, stage.extent, stage.inner])
        rule.backwardStage(context, {
          gradOut: from.data,
          gradX: to.data,
          stage,
          saved: (saved as readonly unknown[])[i],
        })
        from = to
      }
      if (stages.length === 0) gradX.data.set(from.data)
      return [gradX]
    },
    samples: () => rule.samples(),
  }
}

/** The cases that every reduction shares. All values differ by more than the gradient check's step. */
export function reduceSamples(): Sample<ReduceAttributes>[] {
  const ramp = (size: number) => Array.from({ length: size }, (_, i) => ((i * 7) % size) / 8 - 1)
  const x = tensor(ramp(24), [2, 3, 4])
  return [
    { name: 'all axes', inputs: [x], attributes: {} },
    { name: 'last axis', inputs: [x], attributes: { axes: [-1], keepdims: 0 } },
    { name: 'middle axis', inputs: [x], attributes: { axes: [1] } },
    { name: 'first and last axis', inputs: [x], attributes: { axes: [2, 0], keepdims: 0 } },
    { name: 'row longer than the lanes', inputs: [tensor(ramp(38), [2, 19])], attributes: { axes: [1] } },
    { name: 'axes of extent 1', inputs: [tensor(ramp(5), [1, 5, 1])], attributes: { axes: [0, 2], keepdims: 0 } },
    { name: 'scalar', inputs: [tensor([0.5], [])], attributes: {} },
    { name: 'nothing reduced', inputs: [x], attributes: { noop_with_empty_axes: 1 } },
  ]
}
