import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../engine/base/random.ts'
import { buildModel } from '../models/zoo/index.ts'
import { compareBackends } from '../quant/audit/compare.ts'
import { explain } from '../quant/audit/explain.ts'
import { backendNames } from '../quant/backends/index.ts'
import type { Backend } from '../quant/integer/backend.ts'
import { compile } from '../quant/integer/compile.ts'
import { decodeProgram, encodeProgram } from '../quant/integer/programFile.ts'
import { IntegerSession } from '../quant/integer/session.ts'
import { images, randomParameters } from './quant/integer/models.ts'

const test = suite('CONTRIBUTING')
const root = fileURLToPath(new URL('../../', import.meta.url))
const built = fileURLToPath(new URL('../', import.meta.url))
const text = readFileSync(`${root}CONTRIBUTING.md`, 'utf8')
const [, code] = /```ts\n([\s\S]*?)```/.exec(text) as RegExpExecArray
const FILE = 'quant/backends/exampleNpu.ts'

const temporary = mkdtempSync(join(tmpdir(), 'contributing-'))
test.after(() => rmSync(temporary, { recursive: true }))

/** The back end of the page, as its file would export it. */
async function exampleNpu(): Promise<Backend> {
  const { code: script } = transformSync(code, { loader: 'ts', format: 'esm' })
  const url = (path: string): string => pathToFileURL(join(built, dirname(FILE), path.replace(/\.ts$/, '.js'))).href
  const file = join(temporary, 'exampleNpu.mjs')
  writeFileSync(
    file,
    script.replace(/ from "(\.[^"]+)"/g, (_, path) => ` from "${url(path)}"`),
  )
  return (await import(pathToFileURL(file).href)).exampleNpu
}

test('the back end of the page is a whole file: it compiles where it says that it belongs', () => {
  mkdirSync(join(temporary, dirname(FILE)), { recursive: true })
  writeFileSync(join(temporary, FILE), code)
  writeFileSync(join(temporary, 'package.json'), '{ "type": "module" }')
  // As if the folder were laid over the repository.
  const rootDirs = [temporary, root]
  const compilerOptions = { noEmit: true, rootDir: '/', rootDirs, typeRoots: [join(root, 'node_modules/@types')] }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [FILE], exclude: [] }
  writeFileSync(join(temporary, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '--pretty', 'false', '-p', temporary], {
    cwd: root,
    encoding: 'utf8',
  })
  // Errors in the repository's own files are the build's.
  const found = stdout.split('\n').filter((line) => /^\S/.test(line) && !/^(engine|quant)\//.test(line))
  assert.equal(found, [])
})

test('it is compiled, run, kept and explained by its value alone, and stays near float', async () => {
  const mine = await exampleNpu()
  assert.not(backendNames.includes(mine.name))
  const input = [3, 12, 12] as const
  const graph = buildModel('resnet', { input, classes: 4, depth: 8, width: 4 })
  const parameters = randomParameters(graph, 3)
  const random = new RandomStream(1, 'contributing')
  const calibration = [images(random, 16, input)]
  const batch = images(random, 10, input)
  const evaluation = { calibration, test: [{ images: batch, labels: new Uint8Array(10) }] }
  const { backends: rows } = compareBackends({ graph, parameters, backends: [mine], weightBits: [8, 4], ...evaluation })
  const [at8, at4] = rows.map(({ sqnrDb }) => sqnrDb)
  assert.ok(at8 > 20 && at4 > 3, `${at8} dB, ${at4} dB`)
  const program = compile(graph, parameters, mine, { weightBits: 8, calibration })
  assert.match(explain(program), /program resnet for example-npu/)
  const again = new IntegerSession(decodeProgram(encodeProgram(program)))
  assert.equal(again.run(batch).data, new IntegerSession(program, { kernels: 'plain' }).run(batch).data)
})

test('the files and commands that it names are there', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(script in scripts, script)
  const missing = [...text.matchAll(/`([a-z]+\/[\w/]*(?:\.\w+)*)`/g)]
    .map(([, path]) => path)
    .filter((path) => !/softsign|unet|exampleNpu/.test(path) && path !== 'dist/')
    .filter((path) => !['', 'engine/simd/'].some((folder) => existsSync(join(root, folder, path))))
  assert.equal(missing, [])
})

test.run()
