/**
 * What each field of a program may hold, one table a union. The types demand a row for every kind and a check for every field, so
 * that what is added to a program cannot stay unchecked.
 */

import type {
  AddArithmetic,
  AverageArithmetic,
  MulArithmetic,
  RescaleArithmetic,
  SoftmaxArithmetic,
} from '../arithmetic.ts'
import type {
  BiasConstant,
  FloatOperand,
  FloatValue,
  ProgramHeader,
  ProgramValue,
  RealLayerStep,
  Step,
  WeightConstant,
  Window,
} from '../program.ts'
import type { Requantiser } from '../requantise/requantiser.ts'
import type { TableFunction } from '../rules.ts'
import {
  type Check,
  type Fields,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  real,
  record,
  single,
  text,
  type Variants,
  variants,
} from './fields.ts'

/** Lists of constants: as many entries as a header can hold. */
const MANY = 2 ** 22
/** Real constants stay so far from the ends of f32 that sums of products cannot become NaN. */
const HUGE = 2 ** 64

const extent = integer(1, 2 ** 26)
const shape = list(extent, 0, 8)
const pair = list(extent, 2)
/** How wide codes may be is for storage.ts to say. */
const code = integer(-(2 ** 15), 2 ** 16 - 1)
const int32 = integer(-(2 ** 31), 2 ** 31 - 1)
/** A multiplier of 31 bits, and its exponent. */
const q31 = integer(0, 2 ** 31 - 1)
const exponent = integer(-31, 30)
/** An f32 that may be divided by, one that may be 0, and a double that may be 0. */
const scale = single(2 ** -126, HUGE)
const ratio = single(0, HUGE)
const wide = real(0, HUGE)
const many = (check: Check): Check => list(check, 1, MANY)
const two = (check: Check): Check => list(check, 2)

const requantiser = variants('kind', {
  'q31-single': { multiplier: many(q31), shift: many(exponent) },
  'q31-double': { multiplier: many(q31), shift: many(exponent) },
  'q31-vector': { multiplier: many(q31), shift: many(exponent) },
  rndnu: { multiplier: many(integer(0, 2 ** 24 - 1)), shift: many(integer(16, 55)) },
  'shift-half-up': { shift: many(integer(0, 31)) },
  'f64-half-away': { scale: many(wide) },
  'f64-half-even-zero-inside': { scale: many(wide) },
  'f32-half-even': { scale: many(ratio), offset: optional(many(single(-HUGE, HUGE))) },
} satisfies Variants<Requantiser, 'kind'>)

const q31Sum = {
  leftShift: integer(0, 22),
  multipliers: two(q31),
  shifts: two(exponent),
  outputMultiplier: q31,
  outputShift: exponent,
}
const qdqPair = { scales: two(ratio), outputScale: scale }

const addition = variants('kind', {
  q31: q31Sum,
  // Where single rounding is exact in doubles.
  'q31-single': { ...q31Sum, shifts: two(integer(-31, 14)), outputShift: integer(-31, 14) },
  'multiply-shift': { multipliers: two(q31), shift: integer(-64, 160) },
  shift: { leftShifts: two(integer(0, 31)), rightShift: integer(0, 31) },
  f64: { ratios: two(wide) },
  qdq: qdqPair,
  'qdq-zero-inside': qdqPair,
  fma: { ratios: two(ratio), fixed: single(-HUGE, HUGE) },
} satisfies Variants<AddArithmetic, 'kind'>)

const product = variants('kind', {
  requantise: { requantiser },
  'f32-zero-inside': { ratio },
  qdq: qdqPair,
  'qdq-zero-inside': qdqPair,
} satisfies Variants<MulArithmetic, 'kind'>)

const quotient = { scale: ratio, outputScale: scale }
const counts = many(integer(1, 2 ** 26))

const average = variants('kind', {
  'raw-half-away': {},
  requantise: { counts, requantiser },
  'requantise-raw': { counts, requantiser, bias: integer(-(2 ** 30), 2 ** 30) },
  qdq: quotient,
  'qdq-zero-inside': quotient,
  'f32-zero-inside': { counts, scales: many(ratio), offsets: many(single(-HUGE, HUGE)) },
} satisfies Variants<AverageArithmetic, 'kind'>)

const rescaling = variants('kind', {
  requantise: { requantiser },
  'multiply-shift': { multiplier: int32, shift: integer(0, 31) },
  qdq: quotient,
} satisfies Variants<RescaleArithmetic, 'kind'>)

type TableOutput = Extract<SoftmaxArithmetic, { readonly kind: 'table' }>['output']

const softmax = variants('kind', {
  'fixed-point': { multiplier: q31, leftShift: exponent, differenceMin: integer(-(2 ** 63), 0) },
  table: {
    exponentials: list(single(0, 2 ** 128), 256),
    output: variants('kind', {
      reciprocal: { scale },
      quotient: { scale },
      multiplier: { multiplier: integer(0, 2 ** 32) },
    } satisfies Variants<TableOutput, 'kind'>),
  },
} satisfies Variants<SoftmaxArithmetic, 'kind'>)

const weight = object({
  constant: text,
  shape,
  bits: integer(2, 16),
  scale: many(scale),
  zeroPoint: optional(integer(-128, 255)),
} satisfies Fields<WeightConstant>)

const bias = object({
  constant: text,
  bits: integer(2, 32),
  shift: integer(0, 31),
  scale: many(wide),
} satisfies Fields<BiasConstant>)

const base = { name: text, inputs: many(text), output: text }
const limits = { low: code, high: code }
const layer = {
  ...base,
  ...limits,
  weight,
  bias: nullable(bias),
  requantiser,
  pairSaturation: optional(oneOf('u8s8-int16')),
}
const window = {
  kernel: pair,
  strides: pair,
  pads: list(integer(0, 2 ** 26), 4),
  dilations: pair,
} satisfies Fields<Window>
const functions = {
  Gelu: 0,
  HardSigmoid: 0,
  HardSwish: 0,
  LeakyRelu: 0,
  Sigmoid: 0,
  Swish: 0,
  Tanh: 0,
} satisfies Record<TableFunction, 0>

const rounding = oneOf('half-even', 'half-away', 'half-up', 'floor')
const placement = { strides: pair, pads: window.pads, dilations: pair, groups: extent }
const bound = nullable(real(-(2 ** 128), 2 ** 128))

const operand = variants('kind', {
  input: {},
  constant: { constant: text, shape },
  weight: { weight, transposed: flag },
  absent: {},
} satisfies Variants<FloatOperand, 'kind'>)

/** An attribute of ONNX: a number, a string or a list of numbers. */
const attribute: Check = (value, at) => {
  const number = real(-(2 ** 128), 2 ** 128)
  const check = typeof value === 'string' ? text : Array.isArray(value) ? list(number, 0, 64) : number
  check(value, at)
}

const step = variants('op', {
  conv: { ...layer, ...placement },
  gemm: layer,
  add: { ...base, ...limits, arithmetic: addition },
  mul: { ...base, ...limits, arithmetic: product },
  table: {
    ...base,
    function: oneOf(...Object.keys(functions)),
    attributes: record(attribute),
    rule: text,
    constant: text,
  },
  softmax: { ...base, axis: integer(0, 7), arithmetic: softmax },
  requantise: { ...base, arithmetic: rescaling },
  averagePool: { ...base, ...limits, ...window, countPadding: flag, arithmetic: average },
  maxPool: { ...base, ...window },
  concat: { ...base, axis: integer(0, 7) },
  clamp: { ...base, ...limits },
  transpose: { ...base, perm: list(integer(0, 7), 0, 8) },
  reshape: base,
  quantise: { ...base, rounding },
  dequantise: base,
  dynamicQuantiser: { ...base, qmin: code, qmax: code },
  realLayer: {
    ...base,
    window: nullable(object(placement satisfies Fields<RealLayerStep['window']>)),
    weight,
    bias: nullable(text),
    low: bound,
    high: bound,
  },
  float: { ...base, operator: text, attributes: record(attribute), operands: list(operand, 1, 64) },
} satisfies Variants<Step, 'op'>)

const value = object({
  name: text,
  shape,
  scale: single(2 ** -126, 2 ** 128),
  zeroPoint: code,
  qmin: code,
  qmax: code,
} satisfies Fields<ProgramValue>)

const float = object({
  name: text,
  shape,
  format: oneOf('f32', 'f16', 'bf16'),
} satisfies Fields<FloatValue>)

/** The whole header, field by field; what fields have to do with each other is checked in relations.ts. */
export const checkHeader: Check = object({
  format: oneOf(1),
  name: text,
  backend: text,
  input: object({ value: text, rounding }),
  output: text,
  // None where activations are real numbers.
  values: list(value, 0, MANY),
  floats: optional(list(float, 0, MANY)),
  steps: list(step, 0, MANY),
} satisfies Fields<ProgramHeader>)
