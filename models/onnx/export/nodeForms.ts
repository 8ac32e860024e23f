import type { AttributeValue } from '../../../engine/graph/graph.ts'
import type { OpName } from '../../../engine/ops/names.ts'

/** An attribute of ours that ONNX takes as an input: its name, and what kind of constant it becomes. */
export type InputAttribute = readonly [name: string, kind: 'float' | 'floats' | 'ints']

type Attributes = Readonly<Record<string, AttributeValue>>

/** How an operator of ours is written in ONNX. */
export interface NodeForm {
  /** The first opset that has it as we mean it, where that is beyond the default; a function where attributes decide. */
  readonly since?: number | ((attributes: Attributes) => number)
  /** Attributes that become inputs, in ONNX's order, behind the tensors; '' is an input of ONNX that we never give. */
  readonly inputs?: readonly (InputAttribute | '')[]
  /** Written with other operators: 'swish' as Sigmoid and Mul, 'where' with its condition, uint8 here, cast to bool. */
  readonly expand?: 'swish' | 'where'
  /** Why it cannot be written; a function where attributes decide. */
  readonly refused?: string | ((attributes: Attributes) => string | undefined)
}

const asItIs: NodeForm = {}
const trainingOnly: NodeForm = { refused: 'it is for training only; export the graph without its loss' }
const axesInput: NodeForm = { inputs: [['axes', 'ints']] }
/** Opset 18 made the axes of reductions an input. */
const reduction: NodeForm = { ...axesInput, since: 18 }
const given = (value: AttributeValue | undefined): boolean => value !== undefined && value !== 0

/** Every operator's form. The compiler refuses a table that lacks one. */
export const nodeForms = {
  Abs: asItIs,
  Add: asItIs,
  // Opset 19 corrected what a window that ceil_mode lets reach beyond the padding is divided by.
  AveragePool: { since: ({ ceil_mode, dilations }) => (given(ceil_mode) || dilations !== undefined ? 19 : 1) },
  BatchNormalization: {
    refused: ({ training_mode }) =>
      given(training_mode) ? 'it has training_mode 1; export the graph without it' : undefined,
  },
  Clip: {
    inputs: [
      ['min', 'float'],
      ['max', 'float'],
    ],
  },
  Concat: asItIs,
  Conv: asItIs,
  ConvTranspose: asItIs,
  Div: asItIs,
  Erf: asItIs,
  Exp: asItIs,
  Expand: { inputs: [['shape', 'ints']] },
  Flatten: asItIs,
  Gather: asItIs,
  Gelu: { since: 20 },
  Gemm: asItIs,
  GlobalAveragePool: asItIs,
  GlobalMaxPool: asItIs,
  HardSigmoid: asItIs,
  HardSwish: asItIs,
  LayerNormalization: asItIs,
  LeakyRelu: asItIs,
  Log: asItIs,
  LogSoftmax: asItIs,
  MatMul: asItIs,
  Max: asItIs,
  MaxPool: asItIs,
  MeanSquaredError: trainingOnly,
  Min: asItIs,
  Mul: asItIs,
  Neg: asItIs,
  Pad: {
    inputs: [
      ['pads', 'ints'],
      ['value', 'float'],
    ],
  },
  Pow: asItIs,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: asItIs,
  Reshape: { inputs: [['shape', 'ints']] },
  Resize: {
    since: ({ coordinate_transformation_mode }) =>
      coordinate_transformation_mode === 'half_pixel_symmetric' ? 19 : 18,
    inputs: ['', ['scales', 'floats'], ['sizes', 'ints']],
  },
  Sigmoid: asItIs,
  Slice: {
    inputs: [
      ['starts', 'ints'],
      ['ends', 'ints'],
      ['axes', 'ints'],
      ['steps', 'ints'],
    ],
  },
  Softmax: asItIs,
  SoftmaxCrossEntropyLoss: trainingOnly,
  Softplus: asItIs,
  Split: { since: 18, inputs: [['split', 'ints']] },
  Sqrt: asItIs,
  Squeeze: axesInput,
  Sub: asItIs,
  Sum: asItIs,
  Swish: { expand: 'swish' },
  Tanh: asItIs,
  Transpose: asItIs,
  Unsqueeze: axesInput,
  Where: { expand: 'where' },
} satisfies Record<OpName, NodeForm>
