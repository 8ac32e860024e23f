// `npm run size`: bundles and minifies what an application would take from the built package, prints the sizes in a table and fails
// above a budget. Also checks that an import drags nothing in that it should not.

import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './root.mjs'

const KILOBYTE = 1024

/** What is bundled: an import as an application writes it, its budget in KB after gzip, and files that must not be part of it. */
const bundles = [
  {
    name: 'runtime',
    code: "export { InferenceSession } from './dist/runtime/index.js'",
    budget: 60,
    never: /dist\/(workers|cli|engine\/(core|optim))\//,
  },
  {
    name: 'runtime/core',
    code: "export { InferenceSession } from './dist/runtime/core.js'",
    budget: 40,
    never:
      /dist\/(workers|cli|models|engine\/(core|kernels|ops|graph|optim)|quant\/(backends|trim|passes|operators|audit|integer\/lower))\//,
  },
  {
    name: 'one name of .',
    code: "export { RandomStream } from './dist/engine/index.js'",
    budget: 2,
    never: /dist\/(?!engine\/base\/)/,
  },
  {
    name: 'one name of quant',
    code: "export { quantiserFromRange } from './dist/quant/index.js'",
    budget: 2,
    never: /dist\/(?!engine\/base\/|quant\/affine\/)/,
  },
  {
    name: 'one name of models',
    code: "export { parseIdxImages } from './dist/models/index.js'",
    budget: 2,
    never: /dist\/(?!engine\/base\/|models\/data\/)/,
  },
]

async function measure({ name, code, budget, never }) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    write: false,
    metafile: true,
    outfile: 'bundle.js',
    logLevel: 'error',
  })
  const [output] = Object.values(metafile.outputs)
  const files = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const [{ contents }] = outputFiles
  return {
    name,
    budget,
    minified: contents.length / KILOBYTE,
    gzip: gzipSync(contents, { level: 9 }).length / KILOBYTE,
    files: files.length,
    intruders: files.map(([file]) => file).filter((file) => never.test(file)),
  }
}

const rows = await Promise.all(bundles.map(measure))
const table = [
  ['import', 'files', 'minified KB', 'gzip KB', 'budget KB'],
  ...rows.map(({ name, files, minified, gzip, budget }) => [
    name,
    `${files}`,
    minified.toFixed(1),
    gzip.toFixed(1),
    `${budget}`,
  ]),
]
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
for (const row of table) {
  console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
}
let failed = false
for (const { name, gzip, budget, intruders } of rows) {
  if (gzip > budget) console.error(`${name}: ${gzip.toFixed(1)} KB, the budget is ${budget} KB`)
  if (intruders.length > 0) console.error(`${name}: it drags in ${intruders.join(', ')}`)
  failed ||= gzip > budget || intruders.length > 0
}
process.exit(failed ? 1 : 0)
