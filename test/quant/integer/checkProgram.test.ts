import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, NumericError } from '../../../engine/base/errors.ts'
import { encodeSafetensors } from '../../../engine/base/safetensors.ts'
import type { ProgramLimits } from '../../../quant/integer/check/limits.ts'
import { checkProgram } from '../../../quant/integer/checkProgram.ts'
import type { ConstantArray, IntegerProgram } from '../../../quant/integer/program.ts'
import { decodeProgram, encodeProgram, isProgramFile } from '../../../quant/integer/programFile.ts'
import { smallPrograms } from '../../runtime/programs.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('checkProgram')
const programs = smallPrograms()

function programOf(name: string, backend: string): IntegerProgram {
  const found = programs.find(({ header }) => header.name === name && header.backend === backend)
  if (found === undefined) throw new Error(`no program '${name}' of ${backend}`)
  return found
}

type Tree = Record<string, unknown>
type Constants = Map<string, ConstantArray>

function expect(found: string, message: RegExp): void {
  assert.ok(message.test(found), `${message}: ${found}`)
}

/** What is said of a program after `damage`; steps are addressed by name. */
function refusal(
  { header, constants }: IntegerProgram,
  damage: (header: Tree, step: (op: string) => Tree, constants: Constants) => void,
  kind: new (message: string) => Error = FormatError,
  limits: Partial<ProgramLimits> = {},
): string {
  const copy = structuredClone(header) as unknown as Tree & { steps: Tree[] }
  const arrays: Constants = new Map([...constants].map(([name, data]) => [name, data.slice()]))
  damage(copy, (op) => copy.steps.find((step) => step.op === op) as Tree, arrays)
  return messageOf(kind, () => checkProgram(copy, arrays, limits))
}

const pooled = programOf('pooled', 'tflite-ref')
const gated = programOf('gated', 'tflite-ref')
const values = (header: Tree): Tree[] => header.values as Tree[]

test('programs that were compiled pass, and are returned as they are', () => {
  for (const { header, constants } of programs) assert.equal(checkProgram(header, constants), { header, constants })
})

test('fields: type, range, unknown, missing', () => {
  const cases: [(header: Tree, step: (op: string) => Tree) => void, RegExp][] = [
    [(h) => (h.format = 2), /^program: header.format is 2; wanted 1; the program is damaged$/],
    [(h) => (h.name = 'x'.repeat(5000)), /^program: header.name is "x{60}"; wanted a string of at most 4096/],
    [(h) => (h.steps = {}), /header.steps is an object; wanted a list of 0 to 4194304 items/],
    [(_, s) => (s('conv').low = '3'), /header.steps\[0\].low is "3"; wanted an integer of -32768 ... 65535/],
    [(_, s) => (s('conv').groups = 0), /groups is 0; wanted an integer of 1 ... 67108864/],
    [(_, s) => (s('conv').pads = [1, 1, 1]), /pads is a list of 3; wanted a list of 4 items/],
    [(_, s) => delete s('conv').bias, /bias is undefined; wanted an object/],
    [(_, s) => (s('conv').padding = 1), /has a field 'padding'; known are op, .*; is the file newer\?$/],
    [(_, s) => (s('conv').op = 'deconv'), /steps\[0\].op is "deconv"; wanted conv or gemm or/],
    [(_, s) => (s('conv').op = 'toString'), /op is "toString"; wanted conv or/],
    [
      (_, s) => ((s('conv').requantiser as Tree).shift = [31, 0, 0, 0, 0, 0]),
      /shift\[0\] is 31; wanted an integer of -31 ... 30/,
    ],
    [(_, s) => ((s('averagePool').countPadding as unknown) = 1), /countPadding is 1; wanted true or false/],
    [(h) => (values(h)[0].scale = 0.1), /values\[0\].scale is 0.1; wanted a number that float32 holds/],
    [(h) => (values(h)[0].scale = 0), /scale is 0; wanted a number of 1.17/],
    [(h) => (values(h)[0].shape = [3, 6, -5]), /shape\[2\] is -5/],
    [(h) => (values(h)[0].shape = new Array(9).fill(1)), /shape is a list of 9; wanted a list of 0 to 8 items/],
    [(h) => ((h.input as Tree).rounding = 'up'), /rounding is "up"; wanted "half-even" or/],
  ]
  for (const [damage, message] of cases) expect(refusal(pooled, damage), message)
})

test('names: twice, missing, before they are made, not made at all', () => {
  const cases: [(header: Tree, step: (op: string) => Tree) => void, RegExp][] = [
    [(h) => values(h).push(values(h)[1]), /^program: there are two values 'relu1'$/],
    [(_, s) => (s('add').output = 'image'), /value 'image' is made twice/],
    [(_, s) => (s('add').output = 'nowhere'), /there is no value 'nowhere'/],
    [(_, s) => (s('add').inputs = ['relu1', 'fc1']), /step 'add1' reads 'fc1' before it is made/],
    [(h) => values(h).push({ ...values(h)[0], name: 'more' }), /of \d+ values only \d+ are made/],
    [(h) => (h.output = 'nowhere'), /nothing makes the output 'nowhere'/],
    [(h) => (h.steps = []), /nothing makes the output 'fc1'/],
    [(_, s) => (s('add').inputs = ['relu1']), /step 'add1' \(add\): wanted 2 inputs/],
  ]
  for (const [damage, message] of cases) expect(refusal(pooled, damage), message)
})

test('quantisers: ranges, zero points, and where they must be shared', () => {
  const cases: [(header: Tree, step: (op: string) => Tree) => void, RegExp][] = [
    [(h) => (values(h)[0].zeroPoint = 200), /value 'image' has codes -128 ... 127 and zero point 200/],
    [(h) => (values(h)[0].qmin = -40000), /values\[0\].qmin is -40000/],
    [(_, s) => (s('conv').high = 128), /step 'conv1' \(conv\): wanted low ... high among the output's codes/],
    [(_, s) => (s('conv').low = (s('conv').high as number) + 1), /low ... high/],
    [
      (h, s) => (values(h).find(({ name }) => name === s('maxPool').output)!.zeroPoint = 5),
      /\(maxPool\): wanted inputs and output of one quantiser/,
    ],
    [
      (h, s) => (values(h).find(({ name }) => name === s('reshape').output)!.scale = 0.5),
      /\(reshape\): wanted inputs and output of one quantiser/,
    ],
  ]
  for (const [damage, message] of cases) expect(refusal(pooled, damage), message)
})

test('shapes and windows', () => {
  const cases: [(header: Tree, step: (op: string) => Tree) => void, RegExp][] = [
    [(_, s) => (s('conv').pads = [0, 1, 0, 1]), /\(conv\): wanted windows inside the padded image/],
    [(_, s) => (s('conv').dilations = [5, 1]), /windows inside the padded image/],
    [
      (_, s) => (s('conv').pads = [2 ** 20, 1, 1, 1]),
      /takes \d+ elements with padding 1048576,1,1,1, the limit is 16777216/,
    ],
    [(_, s) => (s('conv').groups = 3), /weights that fit the channels and groups/],
    [(_, s) => ((s('conv').weight as Tree).shape = [6, 3, 9]), /weights \[M, C \/ groups, kH, kW\]/],
    [(_, s) => (s('maxPool').kernel = [1, 9]), /\(maxPool\): wanted windows inside the padded image/],
    [(_, s) => (s('averagePool').pads = [3, 3, 0, 0]), /\(averagePool\): wanted a tap of the image in every window/],
    [(_, s) => (s('concat').axis = 1), /\(concat\): wanted inputs of \[12, 6, 5\] but for axis 1/],
    [(_, s) => (s('concat').axis = 3), /an axis of its output/],
    [(h, s) => (values(h).find(({ name }) => name === s('reshape').output)!.shape = [7]), /as many elements out as in/],
  ]
  for (const [damage, message] of cases) expect(refusal(pooled, damage), message)
})

test('constants: absent, of another size or type, codes out of range', () => {
  const weight = 'conv1.weight'
  const cases: [(constants: Constants) => void, RegExp][] = [
    [(c) => c.delete(weight), /constant 'conv1.weight': wanted a Uint8Array of 81 .*, found nothing/],
    [(c) => c.set(weight, new Int8Array(161)), /wanted a Uint8Array of 81 .*, found Int8Array of 161/],
    [
      (c) => c.set('conv1.bias', new Int8Array(6)),
      /constant 'conv1.bias': wanted an Int32Array of 6, found Int8Array of 6/,
    ],
  ]
  for (const [damage, message] of cases)
    expect(
      refusal(pooled, (_h, _s, constants) => damage(constants)),
      message,
    )
  const narrow = refusal(pooled, (_, step, constants) => {
    constants.set('conv1.weight', new Int8Array(162).fill(4))
    Object.assign(step('conv').weight as Tree, { bits: 3 })
  })
  expect(narrow, /\(conv\): wanted weight codes of 3 bits/)
  const short = (step: Tree): unknown => ((step.bias as Tree).bits = 2)
  expect(
    refusal(pooled, (_, step) => short(step('conv'))),
    /\(conv\): wanted bias codes of 2 bits/,
  )
  const table = refusal(gated, (header, step) => {
    const target = values(header).find(({ name }) => name === step('table').output) as Tree
    Object.assign(target, { qmin: -1, qmax: 0, zeroPoint: 0 })
  })
  expect(table, /\(table\): wanted codes of -1 ... 0 in its table/)
})

test('sums that could leave an int32 are refused', () => {
  const bias = refusal(pooled, (_h, _s, constants) => constants.get('conv1.bias')?.fill(2 ** 31 - 1), NumericError)
  expect(bias, /step 'conv1', channel 0: the accumulator may reach 21\d+, the limit is 2147483647/)
  const shifted = refusal(pooled, (_, step) => ((step('conv').bias as Tree).shift = 31))
  expect(shifted, /bias codes of 32 bits that a shift by 31 leaves in 32/)
  const sum = refusal(pooled, (_, step) => ((step('add').arithmetic as Tree).shifts = [30, 30]), NumericError)
  expect(sum, /step 'add1' \(add\): its sums may reach \d+, the limit is 2147483647; compile the model again/)
})

test('limits: each is kept, and may be raised', () => {
  const bytes = encodeProgram(pooled)
  const limits: [keyof ProgramLimits, number, RegExp][] = [
    ['bytes', bytes.length, /^program file: it has \d+ bytes, the limit is \d+; see ProgramLimits$/],
    [
      'headerBytes',
      new DataView(bytes.buffer).getUint32(0, true),
      /^safetensors: a header of \d+ bytes; at most \d+ are/,
    ],
    ['steps', pooled.header.steps.length, /^program: the number of steps is \d+, the limit is \d+; see ProgramLimits$/],
    // The concatenation: 12 planes of 6 x 5.
    ['elements', 12 * 6 * 5, /the elements of value 'concat1' are 360, the limit is 359/],
  ]
  for (const [name, least, message] of limits) {
    decodeProgram(bytes, { [name]: least })
    expect(
      messageOf(FormatError, () => decodeProgram(bytes, { [name]: least - 1 })),
      message,
    )
  }
  expect(
    messageOf(FormatError, () => decodeProgram(bytes, { work: 5000 })),
    /for one image are at least \d+, the limit is 5000/,
  )
  expect(
    messageOf(FormatError, () => decodeProgram(bytes, { memory: 5000 })),
    /bytes of constants, buffers and scratch are \d+/,
  )
})

test('files: whose bytes are no program', () => {
  const write = (metadata: Record<string, string>): Uint8Array => encodeSafetensors(new Map(), metadata)
  const format = 'quant-trim program 1'
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /^safetensors: 3 bytes are too few/],
    [write({}), /its format is not there, wanted 'quant-trim program 1'/],
    [write({ format: 'other' }), /its format is "other"/],
    [write({ format }), /its program is not JSON/],
    [write({ format, program: '[]' }), /program: header is a list of 0; wanted an object/],
    [write({ format, program: '{"name":"a","name":"b"}' }), /its program has 'name' twice in one object/],
    [write({ format, program: `${'['.repeat(100000)}${']'.repeat(100000)}` }), /^program/],
    [write({ format, program: '{"__proto__":{}}' }), /has a field '__proto__'/],
  ]
  for (const [bytes, message] of cases)
    expect(
      messageOf(FormatError, () => decodeProgram(bytes)),
      message,
    )
  assert.is(isProgramFile(encodeProgram(pooled)), true)
  assert.is(isProgramFile(new TextEncoder().encode('{"a":1,"b":2}')), false)
})

test.run()
