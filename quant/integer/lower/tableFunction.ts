import { gelu } from '../../../engine/kernels/gelu.ts'
import { geluTanh } from '../../../engine/kernels/geluTanh.ts'
import { hardSigmoid } from '../../../engine/kernels/hardSigmoid.ts'
import { hardSwish } from '../../../engine/kernels/hardSwish.ts'
import { leakyRelu } from '../../../engine/kernels/leakyRelu.ts'
import { sigmoid } from '../../../engine/kernels/sigmoid.ts'
import { swish } from '../../../engine/kernels/swish.ts'
import { tanh } from '../../../engine/kernels/tanh.ts'
import { exp } from '../../../engine/kernels/transcendental/exp.ts'
import { sigmoid as sigmoidOf } from '../../../engine/kernels/transcendental/sigmoid.ts'
import { tanh as tanhOf } from '../../../engine/kernels/transcendental/tanh.ts'
import type { TableFunction } from '../rules.ts'

/** The attributes of a tabulated function, those left out at ONNX's defaults. */
export type TableAttributes = Readonly<Record<string, number | string>>

const defaults: { readonly [F in TableFunction]: TableAttributes } = {
  Gelu: { approximate: 'none' },
  HardSigmoid: { alpha: 0.2, beta: 0.5 },
  HardSwish: {},
  LeakyRelu: { alpha: 0.01 },
  Sigmoid: {},
  Swish: { alpha: 1 },
  Tanh: {},
}

/** Whether an operator is a function that becomes a table. */
export function isTableFunction(op: string): op is TableFunction {
  return op in defaults
}

/** A node's attributes, completed. Example: LeakyRelu without any: { alpha: 0.01 }. */
export function withDefaults(name: TableFunction, attributes: TableAttributes): TableAttributes {
  return { ...defaults[name], ...attributes }
}

/** f of each number, rounded to f32: the engine's kernels. Example: Sigmoid of [0]: [0.5]. */
export function evaluate(name: TableFunction, attributes: TableAttributes, x: Float32Array): Float32Array {
  const out = new Float32Array(x.length)
  const { alpha, beta, approximate } = attributes
  switch (name) {
    case 'Gelu':
      if (approximate === 'tanh') geluTanh(x, out)
      else gelu(x, out)
      break
    case 'HardSigmoid':
      hardSigmoid(x, out, Number(alpha), Number(beta))
      break
    case 'HardSwish':
      hardSwish(x, out)
      break
    case 'LeakyRelu':
      leakyRelu(x, out, Number(alpha))
      break
    case 'Sigmoid':
      sigmoid(x, out)
      break
    case 'Swish':
      swish(x, out, Number(alpha))
      break
    case 'Tanh':
      tanh(x, out)
      break
  }
  return out
}

/** 1 / (1 + e^-x) as C code in single precision: f32(1 / f32(1 + f32(e^-x))). Example: 0 -> 0.5. */
export function steppedSigmoid(x: Float32Array): Float32Array {
  return x.map((v) => 1 / Math.fround(1 + Math.fround(exp(-v))))
}

/** f in double, where that is more than f32: Sigmoid and Tanh; of others the f32 result. */
export function evaluateExactly(name: TableFunction, attributes: TableAttributes, x: number): number {
  if (name === 'Sigmoid') return sigmoidOf(x)
  if (name === 'Tanh') return tanhOf(x)
  return evaluate(name, attributes, Float32Array.of(x))[0]
}
