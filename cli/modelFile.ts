/** Models that come from ONNX files. */

import { readFileSync } from 'node:fs'
import { FormatError, UsageError } from '../engine/base/errors.ts'
import { formatShape } from '../engine/base/shape.ts'
import type { Graph, Parameters } from '../engine/graph/graph.ts'
import { inferShapes } from '../engine/graph/inferShapes.ts'
import type { Dataset } from '../models/data/dataset.ts'
import { floatGraph, importOnnx } from '../models/onnx/import/importModel.ts'

/** Whether `--model` names a file and not a model of the zoo. */
export function isModelFile(model: string): boolean {
  return model.endsWith('.onnx')
}

/** The bytes of a model file. Throws `UsageError` where there is none. */
export function readModelFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`--model ${path}: ${(error as Error).message}`)
  }
}

/**
 * The float model in the bytes of an ONNX file, as a classifier of a data set's pictures. Throws `FormatError` for bytes that
 * are no model, `UnsupportedError` naming all that is not read, `UsageError` for a model of other pictures or classes.
 */
export function classifierFrom(
  bytes: Uint8Array,
  path: string,
  { shape, classes }: Pick<Dataset, 'shape' | 'classes'>,
): { graph: Graph; parameters: Parameters } {
  const model = importNamed(bytes, path)
  const graph = floatGraph(model.graph)
  const { inputs, outputs } = graph
  const specs = inferShapes(graph)
  const wanted = `one float32 input ${formatShape([null, ...shape])} and one output ${formatShape([null, classes.length])}`
  const described = (name: string): string => {
    const spec = specs.get(name)
    return spec === undefined ? name : `${name}: ${spec.dtype} ${formatShape(spec.shape)}`
  }
  const fits = (name: string | undefined, extents: readonly number[]): boolean => {
    const spec = specs.get(name ?? '')
    return spec?.dtype === 'float32' && formatShape(spec.shape) === formatShape([null, ...extents])
  }
  if (
    inputs.length !== 1 ||
    outputs.length !== 1 ||
    !fits(inputs[0].name, shape) ||
    !fits(outputs[0], [classes.length])
  ) {
    const found = `inputs ${inputs.map(({ name }) => described(name)).join(', ')}; outputs ${outputs.map(described).join(', ')}`
    throw new UsageError(`${path} has ${found}; this data set needs ${wanted}, with a batch that is not fixed`)
  }
  return { graph, parameters: model.parameters }
}

function importNamed(bytes: Uint8Array, path: string): ReturnType<typeof importOnnx> {
  try {
    return importOnnx(bytes)
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`, { cause: error })
    throw error
  }
}
