import { spawn } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('processes with a thread pool')

const index = (folder: string): string => JSON.stringify(new URL(`../../${folder}/index.js`, import.meta.url).href)
const prologue = `
  import { relu, scope, tensor, useKernels } from ${index('engine')}
  import { createPool } from ${index('workers')}
  const compute = () => scope(() => relu(tensor(new Float32Array(1e6).fill(2)))).data.every((value) => value === 2)
  const pool = await createPool({ threads: 3 })
  useKernels({ kernels: 'simd', executor: pool })
`

const computeAndClose = "console.log([compute(), pool.threads].join(' ')); await pool.close()"

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a process of its own; a process that does not end by itself is killed, and has no status. */
function run(program: string, ...flags: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const args = [...flags, '--input-type=module', '--eval', prologue + program]
    const child = spawn(process.execPath, args, { timeout: 60000 })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

test('a process ends by itself after close', async () => {
  const { status, stdout, stderr } = await run(computeAndClose)
  assert.is(status, 0, stderr)
  assert.is(stdout, 'true 3\n')
  assert.is(stderr, '')
})

test('process.exit ends a process with an open pool', async () => {
  const { status, stdout } = await run('console.log(String(compute())); process.exit(3)')
  assert.is(status, 3)
  assert.is(stdout, 'true\n')
})

test('where threads are forbidden there is one warning, and one thread', async () => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  const flags = [permission ? '--permission' : '--experimental-permission', '--allow-fs-read=*']
  const { status, stdout, stderr } = await run(computeAndClose, ...flags)
  assert.is(status, 0, stderr)
  assert.is(stdout, 'true 1\n')
  assert.is(stderr.match(/QuantTrimWarning: 2 worker threads could not be started/g)?.length, 1, stderr)
})

test('a memory that is no longer used is forgotten', async () => {
  const program = `
    import { testModule } from ${JSON.stringify(new URL('./testModule.js', import.meta.url).href)}
    const module = testModule()
    const before = pool.attached
    const useOnce = () => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
      const { exports } = new WebAssembly.Instance(module, { env: { memory } })
      pool.attach(module, memory, exports)('mark', 64, 2 ** 40, [1024])
    }
    for (let i = 0; i < 3; i++) useOnce()
    console.log(String(pool.attached - before))
    for (let i = 0; i < 1000 && pool.attached > before; i++) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    console.log(String(pool.attached - before))
    await pool.close()
  `
  // Alone in its process: among other tests what a collection leaves is not ours to say.
  const { status, stdout, stderr } = await run(program, '--expose-gc')
  assert.is(status, 0, stderr)
  assert.is(stdout, '3\n0\n')
})

test.run()
