import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type FloatTensor, tensor } from '../../engine/index.ts'
import { sharedPath } from '../support/npy.ts'
import { TorchCase, UnsupportedCase } from './torchCase.ts'
import { isTrajectory, optimiserOf, runners } from './torchOps.ts'

const ABSOLUTE = 1e-5
const RELATIVE = 1e-4

const test = suite('PyTorch cases')
const folder = sharedPath('conformance/torch')
const unsupported: string[] = []

/** Fails with the worst element unless all are equal (`exact`; +0 equals -0), or near by the tolerances above. */
function compare(what: string, got: FloatTensor, wanted: FloatTensor, exact: boolean): void {
  assert.equal(got.shape, wanted.shape, `${what}: the shape`)
  let faults = 0
  let worst = 0
  let excess = -1
  for (let i = 0; i < wanted.size; i++) {
    const a = got.data[i]
    const b = wanted.data[i]
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    const over = exact ? Math.abs(a - b) : Math.abs(a - b) - (ABSOLUTE + RELATIVE * Math.abs(b))
    // Written so that a NaN on one side is a fault.
    if (!exact && over <= 0) continue
    faults++
    if (!(over <= excess)) {
      excess = over
      worst = i
    }
  }
  assert.is(
    faults,
    0,
    `${what}: ${faults} of ${wanted.size} elements differ; element ${worst} is ${got.data[worst]}, PyTorch has ${wanted.data[worst]}`,
  )
}

function checkOperator(c: TorchCase): void {
  const runner = runners[c.op]
  if (runner === undefined) throw new UnsupportedCase(`no operator ${c.op}`)
  const returned = runner(c)
  c.attributes.done()
  const results = 'output' in returned ? returned : { output: returned }
  const exact = c.op.startsWith('fakeQuantize')
  for (const [name, value] of Object.entries(results)) {
    if (c.has(name)) compare(name, value, c.float(name), exact)
  }
  const gradients = c.names.filter((name) => name.startsWith('grad_'))
  if (gradients.length === 0) return
  results.output.backward(c.float('gradOutput'))
  for (const name of gradients) {
    const { grad } = c.float(name.slice('grad_'.length))
    assert.ok(grad, `${name}: there is no gradient`)
    compare(name, grad, c.float(name), exact)
  }
}

function checkTrajectory(c: TorchCase): void {
  const parameter = c.float('initial')
  const gradients = c.float('gradients')
  const parameters = c.float('parameters')
  const optimiser = optimiserOf(c, parameter)
  if (optimiser === null) throw new UnsupportedCase(`no optimiser ${c.op}`)
  c.attributes.done()
  const { size } = parameter
  for (let step = 0; step < gradients.shape[0]; step++) {
    const row = (t: FloatTensor): FloatTensor =>
      tensor(t.data.subarray(step * size, (step + 1) * size), parameter.shape)
    parameter.grad = row(gradients)
    optimiser.step()
    compare(`parameters after step ${step + 1}`, parameter, row(parameters), false)
  }
}

if (folder !== null) {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  for (const name of names.sort()) {
    test(name, () => {
      const c = new TorchCase(join(folder, name))
      try {
        if (isTrajectory(c)) checkTrajectory(c)
        else checkOperator(c)
      } catch (error) {
        if (!(error instanceof UnsupportedCase)) throw error
        unsupported.push(`${name} (${error.message})`)
      }
    })
  }
  test.after(() => {
    console.log(
      `\nunsupported: ${unsupported.length} of ${names.length}${unsupported.map((line) => `\n  ${line}`).join('')}`,
    )
  })
}

test.run()
