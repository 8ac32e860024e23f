/** What evaluation hands to worker threads: plain data, with bytes that all threads share. */

import type { DType, DTypeArrays, TypedArray } from '../../engine/base/dtype.ts'
import type { Shape } from '../../engine/base/shape.ts'
import { Tensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import type { Dataset } from '../../models/data/dataset.ts'
import type { Model } from '../../quant/audit/compare.ts'

/** A model as plain data. */
export interface PackedModel {
  readonly graph: Graph
  readonly parameters: readonly {
    readonly name: string
    readonly dtype: DType
    readonly shape: Shape
    readonly data: TypedArray
  }[]
}

/** A copy of an array in memory that threads share. */
export function shared<A extends TypedArray>(array: A): A {
  const bytes = new Uint8Array(new SharedArrayBuffer(array.byteLength))
  bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  const ArrayKind = array.constructor as new (buffer: ArrayBufferLike) => A
  return new ArrayKind(bytes.buffer)
}

/** A model to be sent to workers. */
export function packModel({ graph, parameters }: Model): PackedModel {
  return {
    graph,
    parameters: [...parameters].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data: shared(data) })),
  }
}

/** The model that was packed. */
export function unpackModel({ graph, parameters }: PackedModel): Model {
  return {
    graph,
    parameters: new Map(
      parameters.map(({ name, dtype, shape, data }) => [name, new Tensor(dtype, shape, data as DTypeArrays[DType])]),
    ),
  }
}

/** A data set whose bytes threads share. */
export function shareDataset(dataset: Dataset): Dataset {
  return { ...dataset, images: shared(dataset.images), labels: shared(dataset.labels) }
}
