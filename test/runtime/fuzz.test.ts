import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeModel } from '../../models/onnx/codec/encode.ts'
import { exportQdq, exportQLinear } from '../../models/onnx/export/exportProgram.ts'
import { programFromOnnx } from '../../models/onnx/quantised/programFromOnnx.ts'
import { onnxSpec } from '../../quant/backends/onnxSpec.ts'
import { ortX86 } from '../../quant/backends/ortX86.ts'
import { checkProgram } from '../../quant/integer/checkProgram.ts'
import type { IntegerProgram } from '../../quant/integer/program.ts'
import { decodeProgram, encodeProgram } from '../../quant/integer/programFile.ts'
import { damagedBytes, damagedFiles } from './mutations.ts'
import { checkOutcomes, limits, outcomeOf } from './outcome.ts'
import { smallPrograms } from './programs.ts'

const test = suite('damaged files')
const programs = smallPrograms()

const readProgram = (bytes: Uint8Array): IntegerProgram => decodeProgram(bytes, limits)

test('the programs are whole, and between them have every kind of step', () => {
  for (const program of programs) assert.is(outcomeOf(encodeProgram(program), readProgram), 'ran')
  const ops = new Set(programs.flatMap(({ header }) => header.steps.map(({ op }) => op)))
  const codes = 'add averagePool clamp concat conv gemm maxPool mul requantise reshape softmax table'
  const wanted = [...codes.split(' '), 'dynamicQuantiser', 'quantise', 'realLayer'].sort().join(' ')
  assert.equal([...ops].sort().join(' '), wanted)
})

test('program files are refused clearly, or run with the same codes on all kernels', () => {
  checkOutcomes(damagedFiles(programs), 3 / 4, readProgram)
})

for (const backend of [onnxSpec, ortX86]) {
  test(`ONNX files alike, computed as ${backend.name}`, () => {
    const read = (bytes: Uint8Array): IntegerProgram => {
      const { header, constants } = programFromOnnx(bytes, backend, { elements: limits.elements })
      return checkProgram(header, constants, limits)
    }
    const files = programs
      .filter((program) => program.header.backend === backend.name)
      .flatMap((program) => [exportQdq(program), exportQLinear(program)].map(encodeModel))
    for (const bytes of files) assert.is(outcomeOf(bytes, read), 'ran')
    checkOutcomes(damagedBytes(files), 1 / 8, read)
  })
}

test.run()
