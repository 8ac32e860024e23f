import type { Backend } from '../integer/backend.ts'
import type { TableFunction, TableRule } from '../integer/rules.ts'
import { convolutionalOperators } from './coverage.ts'
import { tfliteAssumptions, tfliteScheme } from './tflite.ts'

const table: TableRule = { kind: 'f64-half-away' }

/** A TOSA program made of a TFLite int8 model, its RESCALEs with single or double rounding. */
export function tosaArithmetic(
  rounding: 'single' | 'double',
): Pick<Backend, 'layers' | 'add' | 'mul' | 'globalAveragePool' | 'mean' | 'tables' | 'rescale'> {
  const requantiser = rounding === 'single' ? 'q31-single' : 'q31-double'
  const layer = { requantiser, product: 'f64' } as const
  const functions: readonly TableFunction[] = ['Gelu', 'HardSigmoid', 'HardSwish', 'Sigmoid', 'Swish', 'Tanh']
  return {
    layers: { conv: layer, depthwise: layer, gemm: layer },
    add: { kind: rounding === 'single' ? 'q31-single' : 'q31', leftShift: 20 },
    mul: { kind: 'requantise', requantiser, product: 'f64' },
    globalAveragePool: { kind: 'reciprocal', requantiser, product: 'f64' },
    mean: { kind: 'reciprocal', requantiser, product: 'f64' },
    tables: {
      ...Object.fromEntries(functions.map((name) => [name, table])),
      LeakyRelu: { kind: 'requantise', requantiser },
    },
    rescale: { kind: 'requantise', requantiser },
  }
}

/** What both kinds of rounding share. */
export const tosaCommon = {
  kind: 'runtime',
  sources: [
    'arm/tosa-specification pseudocode/library/scale_helpers.tosac, operators RESCALE, CONV2D, AVG_POOL2D, TABLE',
    'tensorflow/tensorflow compiler/mlir/tosa/transforms: legalize_common.cc, legalize_utils.cc',
  ],
  assumptions: [
    ...tfliteAssumptions,
    {
      parameter: 'lowering',
      sentence:
        'The specification says what each operator computes; how a model becomes operators follows TensorFlow’s legaliser: MEAN as a sum and one RESCALE by s_in / (s_out n), functions as TABLE from f64, ADD on inputs shifted left by 20.',
    },
    {
      parameter: 'LeakyRelu',
      sentence: 'Both sides are one RESCALE each, by s_in / s_out and alpha times that; not confirmed.',
    },
    {
      parameter: 'softmax',
      sentence: 'It is not covered: the legaliser spells it out in some twenty operators.',
    },
  ],
  ...tfliteScheme,
  averagePool: { kind: 'tosa-pool' },
  operators: [
    ...convolutionalOperators,
    'Gelu',
    'HardSigmoid',
    'HardSwish',
    'LeakyRelu',
    'MatMul',
    'Mul',
    'ReduceMean',
    'Sigmoid',
    'Swish',
    'Tanh',
    'Transpose',
  ],
} as const satisfies Partial<Backend>
