import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { FormatError, NumericError, UnsupportedError } from '../../engine/base/errors.ts'
import { RandomStream } from '../../engine/base/random.ts'
import { floatsByName, type IntegerProgram, valuesByName } from '../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../quant/integer/session.ts'

/** How many files, and which: `QUANT_TRIM_FUZZ=count,seed` asks for others. */
const [runs, seed] = (process.env.QUANT_TRIM_FUZZ ?? '4000,1').split(',').map(Number)

/** Far above what the small programs need, far below what hurts. */
export const limits = {
  bytes: 2 ** 17,
  headerBytes: 2 ** 16,
  steps: 100,
  elements: 2 ** 13,
  memory: 2 ** 22,
  work: 2 ** 18,
}

const random = new RandomStream(3, 'fuzz')
const numbers = Float32Array.from({ length: 2 ** 14 }, () => 4 * random.uniform() - 2)

/**
 * What came of bytes: 'refused', with an error of ours that says what it was reading, or 'ran', with codes in their ranges and the same on all
 * kernels. Throws whatever should not happen.
 */
export function outcomeOf(bytes: Uint8Array, read: (bytes: Uint8Array) => IntegerProgram): 'refused' | 'ran' {
  let plain: IntegerSession
  let simd: IntegerSession
  try {
    const program = read(bytes)
    plain = new IntegerSession(program, { kernels: 'plain' })
    simd = new IntegerSession(program)
  } catch (error) {
    if ([FormatError, NumericError, UnsupportedError].some((kind) => error instanceof kind)) return 'refused'
    throw error
  }
  const { header } = plain.program
  const values = valuesByName(header)
  const { shape } = values.get(header.input.value) ?? floatsByName(header).get(header.input.value) ?? { shape: [] }
  const size = shape.reduce((a, b) => a * b, 1)
  const batch = bytes.length % 5 === 0 ? 2 : 1
  const image = { shape: [batch, ...shape], data: numbers.subarray(0, batch * size) }
  const [wanted, found] = [new Map<string, CodeTensor>(), new Map<string, CodeTensor>()]
  const results = [plain.run(image, { trace: wanted }), simd.run(image, { trace: found })]
  for (const [name, { data }] of wanted) {
    const { qmin, qmax } = values.get(name) ?? { qmin: 0, qmax: 0 }
    const other = found.get(name)?.data as Int32Array
    for (let i = 0; i < data.length; i++) {
      // What lies behind an array is undefined to one kind of kernel and another array to the other.
      if (data[i] !== other[i]) assert.unreachable(`${name}[${i}]: plain ${data[i]}, SIMD ${other[i]}`)
      if (data[i] < qmin || data[i] > qmax) assert.unreachable(`${name}[${i}]: ${data[i]} of ${qmin} ... ${qmax}`)
    }
  }
  const [reals, others] = results.map(({ data }) => data)
  for (let i = 0; i < reals.length; i++) {
    // Real numbers may be NaN, of sums beyond float32.
    const isSame = reals[i] === others[i] || (Number.isNaN(reals[i]) && Number.isNaN(others[i]))
    if (!isSame) assert.unreachable(`output[${i}]: plain ${reals[i]}, SIMD ${others[i]}`)
  }
  return 'ran'
}

/** Checks a share of the runs that were asked for; both outcomes must be common, or nothing is tested. */
export function checkOutcomes(
  files: fc.Arbitrary<Uint8Array>,
  share: number,
  read: (bytes: Uint8Array) => IntegerProgram,
): void {
  const counts = { refused: 0, ran: 0 }
  const property = fc.property(files, (bytes) => {
    counts[outcomeOf(bytes, read)]++
  })
  const numRuns = Math.ceil(runs * share)
  const { failed, errorInstance, counterexamplePath } = fc.check(property, { numRuns, seed, endOnFailure: true })
  const cause = errorInstance instanceof Error ? errorInstance.stack : errorInstance
  assert.not(failed, `seed ${seed}, path ${counterexamplePath}: ${cause}`)
  assert.ok(Math.min(counts.refused, counts.ran) > numRuns / 50, JSON.stringify(counts))
}
