// `npm run test:package`: the package as a stranger meets it. Packs it, installs the tarball in an empty folder, and uses it from
// there: what was packed, the entry points in Node, the command, the types, and bundles for browsers. Exit status 0: all as it
// should be; 1: something is not; 2: bad usage.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './root.mjs'

const USAGE = `npm run test:package -- [--no-build]

Packs the package, installs it in an empty folder, imports and uses every entry point, runs the commands, compiles
against its types with moduleResolution nodenext and bundler, and bundles every entry point for browsers. Without a
registry the runtime dependencies are linked from node_modules.

  --no-build   pack what has been built
  --help       this text`

/** What an application writes: run with Node, or compiled. */
const CONSUMERS = join(root, 'test/package')

/** What must be in the package, apart from what its exports and its command name. */
const WANTED = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'experiments/lenet-synthetic.json',
]
/** Nothing else may be: tests, sources, what is generated beside them. */
const ALLOWED =
  /^(package\.json|[A-Z]+(\.md)?|experiments\/[\w-]+\.json|dist\/(engine|workers|quant|models|report|runtime|cli)\/.*\.(js|d\.ts))$/

/** Command lines with the exit status that is wanted, and what they must print (each in one of the lines) or write. */
const COMMANDS = [
  { line: '--help', prints: /experiment .* run models/ },
  { line: 'no-such-command', status: 2, prints: /there is no command 'no-such-command'/ },
  {
    line: 'train --model lenet --data synthetic:count=300 --epochs 1 --quiet --out RUN',
    writes: ['RUN/checkpoint.safetensors'],
  },
  { line: 'eval RUN --limit 100 --bits 8 --quiet', prints: /^worst/m, writes: ['RUN/report.html'] },
  { line: 'export RUN --form program --backend ort-x86 --out p.safetensors', writes: ['p.safetensors'] },
  { line: 'export RUN --form qdq --backend ort-x86 --out q.onnx', writes: ['q.onnx'] },
  { line: 'explain RUN --backend tfl-int8-q31', prints: /half-up/ },
  { line: 'backends --json', prints: /"name":"ort-x86"/ },
  { line: 'golden create RUN --backend tfl-int8-q31 --out GOLDEN', writes: ['GOLDEN/manifest.json'] },
  { line: 'golden check GOLDEN GOLDEN', prints: /^equal/m },
  { line: 'experiment e.json --quiet', writes: ['tiny.results.json', 'tiny.report.html'] },
]

const EXPERIMENT = {
  name: 'tiny',
  data: ['synthetic:count=200'],
  models: ['lenet'],
  methods: ['float', 'quant-trim'],
  seeds: [0],
  training: { epochs: 1 },
  evaluation: { backends: ['onnx-spec'], bits: ['8'], limit: 50 },
}

const TYPES = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
].flatMap((resolution) => [
  { ...resolution, file: 'browser.ts', lib: ['es2022', 'dom'], types: [] },
  { ...resolution, file: 'node.ts', lib: ['es2022', 'dom'], types: ['node'] },
  // The types of WebAssembly, which Node's do not declare, are the DOM's.
  { ...resolution, file: 'node.ts', lib: ['es2022'], types: ['node'], skipLibCheck: true },
])

/** As in a terminal: without what npm tells the scripts of this package. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_(package|lifecycle|config_local)_|INIT_CWD)/.test(name)),
)

let failed = false

/** Runs `body`, prints how long it took, and what it threw. */
async function step(name, body) {
  const begun = performance.now()
  let problem
  try {
    await body()
  } catch (error) {
    problem = error
    failed = true
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1).padStart(5)
  console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${seconds} s  ${name}`)
  if (problem !== undefined) console.log(`  ${problem.message.trim().replaceAll('\n', '\n  ')}`)
}

/** Runs a command and returns what it printed; throws that where the exit status is not the wanted one. */
function call(command, args, { cwd, status: wanted = 0 }) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: environment })
  const output = `${stdout ?? ''}${stderr ?? ''}`
  if (status !== wanted) {
    const what = error?.message ?? `exit status ${status}, wanted ${wanted}`
    throw new Error(`${[command, ...args].join(' ')}: ${what}\n${output}`)
  }
  return output
}

/** Whether the tarball could be installed with what the registry has; false where it had to be linked. */
function installTarball(folder, tarball) {
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  const options = ['--no-audit', '--no-fund', '--fetch-retries=0', '--fetch-timeout=20000']
  try {
    call('npm', ['install', ...options, tarball], { cwd: folder })
    return true
  } catch {
    const modules = join(folder, 'node_modules')
    rmSync(modules, { recursive: true, force: true })
    mkdirSync(join(modules, '.bin'), { recursive: true })
    call('tar', ['-xzf', tarball, '-C', modules], { cwd: folder })
    renameSync(join(modules, 'package'), join(modules, 'quant-trim'))
    const { bin, dependencies } = manifest(folder)
    for (const name of Object.keys(dependencies)) symlinkSync(join(root, 'node_modules', name), join(modules, name))
    for (const [name, file] of Object.entries(bin)) {
      const target = join(modules, 'quant-trim', file)
      chmodSync(target, 0o755)
      symlinkSync(target, join(modules, '.bin', name))
    }
    return false
  }
}

/** The package.json of the installed package. */
function manifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'node_modules/quant-trim/package.json'), 'utf8'))
}

/** The entry points with code: their names as an application writes them, and their files. */
function entryPoints(folder) {
  return Object.entries(manifest(folder).exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({ name: posix.join('quant-trim', path), files: Object.values(target) }))
}

function checkFiles(folder) {
  const installed = join(folder, 'node_modules/quant-trim')
  const found = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(installed, posix.join(entry.parentPath, entry.name)))
  const named = [...entryPoints(folder).flatMap(({ files }) => files), ...Object.values(manifest(folder).bin)]
  const missing = [...WANTED, ...named.map((file) => posix.normalize(file))].filter((file) => !found.includes(file))
  // With --no-build there are the source maps of an ordinary build.
  const superfluous = found.filter((file) => !ALLOWED.test(withBuild ? file : file.replace(/\.map$/, '')))
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`)
  if (superfluous.length > 0) throw new Error(`superfluous: ${superfluous.join(', ')}`)
}

function runCommand(folder, { line, status, prints = /(?:)/, writes = [] }) {
  const output = call('npx', ['--no-install', 'quant-trim', ...line.split(' ')], { cwd: folder, status })
  if (!prints.test(output)) throw new Error(`wanted ${prints}, printed\n${output}`)
  const missing = writes.filter((file) => !existsSync(join(folder, file)))
  if (missing.length > 0) throw new Error(`it did not write ${missing.join(', ')}`)
}

function checkTypes(folder, { file, ...options }) {
  const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: false, ...options }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  call(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: folder })
}

/** Bundles a whole entry point for browsers, with nothing left out, and loads the bundle. */
async function checkBundle(folder, name) {
  const outfile = join(folder, `${name.replaceAll('/', '-')}.bundle.mjs`)
  const options = { bundle: true, platform: 'browser', format: 'esm', outfile, logLevel: 'silent' }
  const { warnings } = await build({ ...options, stdin: { contents: `export * from '${name}'`, resolveDir: folder } })
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'))
  if (Object.keys(await import(pathToFileURL(outfile).href)).length === 0) throw new Error('the bundle exports nothing')
}

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(USAGE)
  process.exit(0)
}
const unknown = args.find((argument) => argument !== '--no-build')
if (unknown !== undefined) {
  console.error(`there is no option ${unknown}\n\n${USAGE}`)
  process.exit(2)
}
const withBuild = !args.includes('--no-build')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'package-')))
try {
  await step('npm pack', () => {
    call('npm', ['pack', '--pack-destination', folder, ...(withBuild ? [] : ['--ignore-scripts'])], { cwd: root })
  })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball !== undefined) {
    await step('npm install in an empty folder', () => {
      if (!installTarball(folder, join(folder, tarball)))
        console.log('no registry: dependencies linked from node_modules')
    })
    await step('files', () => checkFiles(folder))
    writeFileSync(join(folder, 'e.json'), JSON.stringify(EXPERIMENT))
    for (const command of COMMANDS) await step(`npx quant-trim ${command.line}`, () => runCommand(folder, command))
    for (const name of readdirSync(CONSUMERS)) copyFileSync(join(CONSUMERS, name), join(folder, name))
    await step('every entry point in Node', () => call(process.execPath, ['use.mjs'], { cwd: folder }))
    const modules = join(folder, 'node_modules')
    if (!existsSync(join(modules, '@types'))) symlinkSync(join(root, 'node_modules/@types'), join(modules, '@types'))
    for (const options of TYPES) {
      const { file, moduleResolution, lib, skipLibCheck = false } = options
      const name = `types: ${file}, ${moduleResolution}, ${lib}${skipLibCheck ? ', skipLibCheck' : ''}`
      await step(name, () => checkTypes(folder, options))
    }
    for (const { name } of entryPoints(folder)) {
      if (name !== 'quant-trim/workers') await step(`bundle for browsers: ${name}`, () => checkBundle(folder, name))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`package: ${failed ? 'FAILED' : 'as it should be'}`)
process.exitCode = failed ? 1 : 0
