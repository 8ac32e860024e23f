import { decodeSafetensors } from '../base/safetensors.ts'
import { Tensor } from '../core/tensor.ts'

/** Reads a safetensors file as tensors, in the order in which it stores them. Checks and errors: `decodeSafetensors`. */
export function loadSafetensors(bytes: Uint8Array): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const { tensors, metadata } = decodeSafetensors(bytes)
  return {
    tensors: new Map([...tensors].map(([name, { dtype, shape, data }]) => [name, new Tensor(dtype, shape, data)])),
    metadata,
  }
}
