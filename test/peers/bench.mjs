// `npm --prefix test/peers run bench`: this package against other runtimes, in one process. See the usage below.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { checkAgreement } from './bench/agree.mjs'
import { measure } from './bench/measure.mjs'
import { kernelSwitch, loadOurs } from './bench/ours.mjs'
import { ortNode, ortWeb } from './bench/runtimes/onnxRuntime.mjs'
import { peak } from './bench/runtimes/peak.mjs'
import { tfjs } from './bench/runtimes/tfjs.mjs'
import { floatWorks } from './bench/works/float.mjs'
import { integerWorks } from './bench/works/integer.mjs'
import { trainingWorks } from './bench/works/training.mjs'

const works = [...floatWorks, ...integerWorks, ...trainingWorks]

/** By name: how a peer is loaded. */
const runtimes = {
  'ort-web': ortWeb,
  'ort-node': (_ours, threads) => ortNode(threads),
  'tfjs-wasm': () => tfjs('wasm'),
  'tfjs-cpu': () => tfjs('cpu'),
  'self-float': (ours) => ours,
  'self-1-thread': (ours) => ours,
  'simd-peak': peak,
}

/** Those that a run with several threads is compared with. */
const threadedPeers = ['ort-node', 'self-1-thread']
/** Those that keep operands in the memory they compute in, where a work has that form. */
const residentPeers = ['tfjs-wasm', 'tfjs-cpu', 'self-1-thread', 'simd-peak']

const usage = `Usage: npm --prefix test/peers run bench -- [OPTIONS]

Measures this package against other runtimes in one process: the same shapes, the same number of threads, in rounds that
take turns, medians. Results are compared before anything is timed. Both sides of a line are measured alike:

  arrays    a run goes from JavaScript arrays to a JavaScript array: copying operands in and the result out is timed.
            All lines of ONNX Runtime, whose run() is like that, and all of integer works.
  resident  inputs lie in the memory that the kernels compute in, and the result stays there: float works against
            TensorFlow.js, simd-peak and self-1-thread.

Weights are given before the time starts, in either form; ours are ordinary arrays, which each use copies. Training
steps have everything where each library keeps it: TensorFlow.js in its memory, ours in ordinary arrays.

  --only WORK,...   ${works.map(({ name }) => name).join(', ')}
  --peer PEER,...   ${Object.keys(runtimes).join(', ')}
  --threads N,...   threads of each candidate [1,2 where there are two cores]; above 1: ort-node and self-1-thread only
  --rounds N        samples of each candidate [15]
  --json            [{work, peer, threads, operands, ours, theirs, unit, ratio}] as one line on stdout, after what npm prints
                    unless it is run with --silent; operands: arrays or resident; ratio above 1: ours is faster

Exit status: 0 done, 1 results differ or a runtime failed, 2 bad usage.`

/** The elements of a comma-separated list, each one of `known`. */
function chosen(option, text, known) {
  if (text === undefined) return known
  const names = text.split(',')
  for (const name of names) {
    if (!known.includes(name)) throw new UsageError(`--${option} ${name}: wanted some of ${known.join(', ')}`)
  }
  return names
}

class UsageError extends Error {}

function parseOptions() {
  const options = {
    only: { type: 'string' },
    peer: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: availableParallelism() > 1 ? '1,2' : '1' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  }
  let values
  try {
    values = parseArgs({ options }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new UsageError(`--rounds ${values.rounds}: wanted an integer from 1`)
  const threads = values.threads.split(',').map(Number)
  if (!threads.every((count) => Number.isInteger(count) && count >= 1)) {
    throw new UsageError(`--threads ${values.threads}: wanted integers from 1, comma-separated`)
  }
  const workNames = works.map(({ name }) => name)
  const only = chosen('only', values.only, workNames)
  return { ...values, rounds, threads, only, peers: chosen('peer', values.peer, Object.keys(runtimes)) }
}

/** The rows of one work: candidates checked against ours, then timed together. */
async function benchmark(work, names, { threads, rounds, load, pool, onFailure }) {
  const ours = await load('ours')
  const { own, peer } = await work.prepare(ours)
  const { threaded, alone } = pool === null ? { threaded: (make) => make() } : kernelSwitch(ours, pool)
  const mine = new Map()
  let wanted
  for (const operands of new Set(names.map((name) => operandsOf(work, name)))) {
    const candidate = threaded((executor) => own(executor, operands))
    wanted = await timed(candidate)
    mine.set(operands, candidate)
  }
  const others = []
  for (const name of names) {
    const operands = operandsOf(work, name)
    try {
      const candidate =
        name === 'self-1-thread'
          ? alone((executor) => own(executor, operands))
          : await peer(await load(name, threads), operands)
      if (candidate.result) checkAgreement(await timed(candidate), wanted, candidate.tolerance ?? work.tolerance)
      others.push({ name, operands, candidate })
    } catch (error) {
      onFailure(`${work.name}, ${name}, threads ${threads}: ${error.message}`)
    }
  }
  if (others.length === 0) return []
  const candidates = [...mine.values(), ...others.map(({ candidate }) => candidate)]
  const seconds = new Map((await measure(candidates, rounds)).map((time, i) => [candidates[i], time]))
  for (const { candidate } of others) await candidate.release?.()
  return others.map(({ name, operands, candidate }) => {
    const speed = work.amount / seconds.get(mine.get(operands))
    const theirs = (candidate.amount ?? work.amount) / seconds.get(candidate)
    return {
      work: work.name,
      peer: name,
      threads,
      operands,
      ours: speed,
      theirs,
      unit: work.unit,
      ratio: speed / theirs,
    }
  })
}

/** Where operands lie when a work is compared with a peer. */
function operandsOf(work, peer) {
  return work.resident && residentPeers.includes(peer) ? 'resident' : 'arrays'
}

/** The peers of a work that were asked for and have something to say with this many threads. */
function peersOf(work, threads, chosenPeers) {
  const all =
    threads === 1 ? work.peers : threadedPeers.filter((name) => name === 'self-1-thread' || work.peers.includes(name))
  return all.filter((name) => chosenPeers.includes(name))
}

/** The result of a candidate's first run; how long that took is noted in the candidate. */
async function timed(candidate) {
  await candidate.enter?.()
  const start = performance.now()
  const result = await candidate.result()
  candidate.first = (performance.now() - start) / 1000
  return result
}

function format(row) {
  const { work, peer, threads, operands, ours, theirs, unit, ratio } = row
  const numbers = [ours, theirs].map((value) => value.toPrecision(4).padStart(9)).join(' ')
  return `${work.padEnd(18)} ${peer.padEnd(13)} ${String(threads).padStart(7)} ${operands.padEnd(8)} ${numbers}  ${unit.padEnd(9)} ${ratio.toFixed(2).padStart(7)}`
}

/** Returns the exit status. */
async function main() {
  const options = parseOptions()
  if (options.help) {
    console.log(usage)
    return 0
  }
  const loaded = new Map()
  const load = async (name, threads = 1) => {
    const key = `${name} ${threads}`
    if (!loaded.has(key)) {
      loaded.set(key, name === 'ours' ? await loadOurs() : await runtimes[name](await load('ours'), threads))
    }
    return loaded.get(key)
  }
  const rows = []
  let status = 0
  const onFailure = (message) => {
    console.error(`bench: ${message}`)
    status = 1
  }
  const show = (line) => (options.json ? console.error(line) : console.log(line))
  show(`${'work'.padEnd(18)} ${'peer'.padEnd(13)} threads operands      ours    theirs  unit        ratio`)
  for (const threads of options.threads) {
    const pool = threads === 1 ? null : await (await load('ours')).createPool({ threads })
    for (const work of works.filter(({ name }) => options.only.includes(name))) {
      const names = peersOf(work, threads, options.peers)
      if (names.length === 0) continue
      for (const row of await benchmark(work, names, { threads, rounds: options.rounds, load, pool, onFailure })) {
        rows.push(row)
        show(format(row))
      }
    }
    await pool?.close()
  }
  if (options.json) console.log(JSON.stringify(rows))
  return status
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`bench: ${error instanceof UsageError ? error.message : error.stack}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
