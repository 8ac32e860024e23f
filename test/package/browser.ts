// Compiled by scripts/testPackage.mjs in a folder where the package is installed: the types of the entry points that load in a
// browser. Each line that says so must be an error.

import * as engine from 'quant-trim'
import { type FloatTensor, relu, SGD, tensor } from 'quant-trim'
import * as models from 'quant-trim/models'
import { buildModel, type Dataset, synthetic } from 'quant-trim/models'
import * as quant from 'quant-trim/quant'
import { type Backend, compile, findBackend, type IntegerProgram } from 'quant-trim/quant'
import * as runtime from 'quant-trim/runtime'
import { InferenceSession, type Tensor } from 'quant-trim/runtime'
import * as backends from 'quant-trim/runtime/backends'
import { ortX86 } from 'quant-trim/runtime/backends'
import * as core from 'quant-trim/runtime/core'
import { InferenceSession as CoreSession, type ModelSource } from 'quant-trim/runtime/core'

export const x: FloatTensor = relu(tensor([1, 2], [2]))
export const train: Dataset = synthetic({ split: 'train', count: 10 })
export const graph = buildModel('lenet', { input: train.shape, classes: train.classes.length })
export const backend: Backend = { ...findBackend('tflm'), name: 'mine' }
export const program: IntegerProgram = compile(graph, new Map(), backend, { weightBits: 8, calibration: [x] })
export const optimiser = (parameters: Map<string, FloatTensor>): SGD => new SGD(parameters, { lr: 0.1 })

export async function logits(source: ModelSource, data: Float32Array): Promise<Tensor> {
  const session = await InferenceSession.create(source, { backend: ortX86, kernels: 'plain' })
  const { logits } = await session.run({ image: { type: 'float32', data, dims: [1, 1, 28, 28] } })
  await session.release()
  return logits
}

// @ts-expect-error a back end is a value
export const wrong = InferenceSession.create('model.onnx', { backend: 'ort-x86' })
// @ts-expect-error the core reads no ONNX files, so it takes no back end
export const none = CoreSession.create('model.safetensors', { backend: ortX86 })
// @ts-expect-error a shape is wanted
export const shapeless = buildModel('lenet', { classes: 2 })

export const entries = [engine, models, quant, runtime, backends, core]
