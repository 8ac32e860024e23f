// One operator against the runtimes: cases until enough integers are compared.

import { Draw } from './draw.mjs'
import { ours } from './ours.mjs'

/** Bits of elements: floats as their 32 bits, one for every NaN; integers as they are. */
function bitsOf(data) {
  if (!(data instanceof Float32Array)) return data
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length).slice()
  for (let i = 0; i < bits.length; i++) if (Number.isNaN(data[i])) bits[i] = 0x7fc00000
  return bits
}

/** A model whose 4-bit outputs are cast to 8 bits, which sessions can hand out. */
function readable(model) {
  const { graph } = model
  const nodes = [...graph.nodes]
  const outputs = graph.outputs.map((output) => {
    if (output.type !== 'int4' && output.type !== 'uint4') return output
    const type = output.type === 'int4' ? 'int8' : 'uint8'
    const name = `${output.name}.${type}`
    const attributes = new Map([['to', { kind: 'int', value: type === 'int8' ? 3 : 2 }]])
    nodes.push({ name, op: 'Cast', domain: '', inputs: [output.name], outputs: [name], attributes })
    return { ...output, name, type }
  })
  return { ...model, graph: { ...graph, nodes, outputs } }
}

/**
 * Compares an operator on every runtime, on the same cases until each has compared `integers`. A case says what we expect of a
 * runtime: `expected(runtime)`, {output: elements}. Mismatches of all outputs count, integers only of those that the case says
 * count as the operator's. Returns {runtime, operator, cases, integers, mismatches, refused, fused} for each runtime; `fused`
 * is in how many cases the optimiser made what is claimed, where the runtime can tell.
 */
export async function compareOperator(operator, runtimes, { seed, integers, log }) {
  const draw = new Draw(seed, operator.name)
  const rows = Object.keys(runtimes).map((runtime) => ({
    runtime,
    operator: operator.name,
    cases: 0,
    integers: 0,
    mismatches: 0,
    refused: 0,
  }))
  let index = 0
  for (const test of operator.cases(draw)) {
    for (const row of rows) {
      if (row.integers >= integers) continue
      const where = `${row.runtime}, ${operator.name}, case ${index}`
      await compareCase(test, runtimes[row.runtime], row, (message) => log(`${where}: ${message}`))
    }
    index++
    if (rows.every((row) => row.integers >= integers || row.refused > 50)) break
  }
  return rows
}

async function compareCase(test, runtime, row, log) {
  const model = readable(test.model)
  const bytes = ours.encodeModel(model)
  let outputs
  try {
    outputs = await runtime.run(bytes, test.feeds, test.options)
  } catch (error) {
    row.refused++
    log(`refused: ${error.message}`)
    return
  }
  row.cases++
  if (test.fused && runtime.fusedOperators) checkFusion(test, await runtime.fusedOperators(bytes), row, log)
  const expected = await test.expected(row.runtime)
  for (const [i, { name }] of test.model.graph.outputs.entries()) {
    const found = outputs[model.graph.outputs[i].name]
    row.mismatches += differences(name, bitsOf(found), bitsOf(expected[name]), log)
    if (!test.counted || test.counted.includes(name)) row.integers += found.length
  }
}

/** How many elements of an output differ; logs the first. */
function differences(name, found, wanted, log) {
  if (found.length !== wanted.length) throw new Error(`'${name}' has ${found.length} elements, ours ${wanted.length}`)
  let count = 0
  let first = -1
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === found[i]) continue
    if (count++ === 0) first = i
  }
  if (count > 0) {
    log(`${count} of ${wanted.length} in '${name}' differ; element ${first} is ${found[first]}, ours ${wanted[first]}`)
  }
  return count
}

/** Counts the cases in which the runtime computes what we think it does. */
function checkFusion({ fused }, counts, row, log) {
  const missing = Object.keys(fused).filter((op) => (counts[op] ?? 0) < fused[op])
  if (missing.length === 0) row.fused = (row.fused ?? 0) + 1
  else log(`not fused: wanted ${JSON.stringify(fused)}, the optimised model has ${JSON.stringify(counts)}`)
}
