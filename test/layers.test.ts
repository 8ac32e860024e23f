import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('layers')
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Each folder imports only from those above it in this list (and from itself). */
const order = [
  'engine/base',
  'engine/kernels',
  'engine/simd',
  'engine/core',
  'engine/ops',
  'engine/graph',
  'engine/optim',
  'engine',
  'workers',
  'quant/affine',
  'quant/trim',
  'quant/passes',
  'quant/integer',
  'quant/operators',
  'quant/backends',
  'quant/audit',
  'quant',
  'models/zoo',
  'models/data',
  'models/onnx',
  'models/golden',
  'models',
  'runtime',
  'report',
  'cli',
]

/**
 * The one exception: an operator's interface names the tensor, and a tensor's tape names the operator. These are types,
 * erased when compiled, so no module waits for another.
 */
const typeOnlyExceptions = new Set(['engine/core -> engine/ops', 'engine/graph -> engine/ops'])

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

/** TypeScript below a folder; assembly/ is AssemblyScript, compiled apart. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.name === 'assembly'
      ? []
      : entry.isDirectory()
        ? sources(join(folder, entry.name))
        : entry.name.endsWith('.ts')
          ? [join(folder, entry.name)]
          : [],
  )
}

const files = ['engine', 'workers', 'quant', 'models', 'report', 'runtime', 'cli'].flatMap(sources)
const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'/gms)].map(
    (match) => ({
      from: file,
      to: match[2].startsWith('.') ? normalize(join(dirname(file), match[2])) : match[2],
      typeOnly:
        match[1] !== undefined || !/[{,]\s*(?!type\s)[A-Za-z*]/.test(match[0].slice(0, match[0].indexOf(' from'))),
    }),
  ),
)

/** The position in `order` of the longest folder that holds a file. */
function layer(file: string): number {
  const folder = order.filter((candidate) => file.startsWith(`${candidate}/`)).sort((a, b) => b.length - a.length)[0]
  assert.ok(folder, `${file} is in no layer`)
  return order.indexOf(folder)
}

test('each folder imports only from the folders above it', () => {
  const wrong = imports
    .filter(({ from, to, typeOnly }) => {
      if (!to.endsWith('.ts')) return false
      const rule = `${order[layer(from)]} -> ${order[layer(to)]}`
      return layer(to) > layer(from) && !(typeOnly && typeOnlyExceptions.has(rule))
    })
    .map(({ from, to }) => `${from} imports ${to}`)
  assert.equal(wrong, [])
})

test('no file imports itself through others', () => {
  const next = new Map<string, string[]>()
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly && to.endsWith('.ts')) next.set(from, [...(next.get(from) ?? []), to])
  }
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const target of next.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  assert.equal(cycles, [])
})

test('packages and node: modules are imported only where they may be', () => {
  const wrong = imports
    .filter(({ from, to, typeOnly }) => {
      if (to.endsWith('.ts') || typeOnly) return false
      if (to.startsWith('node:')) return !from.startsWith('cli/') && !from.startsWith('workers/')
      if (to === 'piscina') return !from.startsWith('workers/')
      if (to === 'typed-array-utils') return !from.startsWith('cli/')
      return true
    })
    .map(({ from, to }) => `${from} imports ${to}`)
  assert.equal(wrong, [])
})

test('a file longer than 300 lines gives its reason in the first lines', () => {
  const long = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return text.split('\n').length > 300 && !/one subject/i.test(text.slice(0, 600))
  })
  assert.equal(long, [])
})

test.run()
