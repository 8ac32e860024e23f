// `npm run test:browser`: the same bits in Chromium as in Node, see test/browser/main.ts, and the page of
// examples/browser, see test/browser/example.ts. Exit status 0: all as it should be; 1: something is not; 2: bad usage or no
// Chromium.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { build, install, run } from './prepare.mjs'
import { root } from './root.mjs'

const USAGE = `npm run test:browser -- [--no-build] [--screenshot]

Computes golden networks for every back end and a training run in Node and in pages of Chromium: with and without
cross-origin isolation, on the main thread and in a Web Worker, with and without a content security policy, one of which
forbids WebAssembly. All must give the same bits. A sample report is opened as a wide, a narrow, a dark and a printed page.
The page examples/browser is used as a person would.

  --no-build     use what has been built
  --screenshot   write examples/browser/screenshot.png
  --help         this text`

function fail(message) {
  console.error(message)
  process.exit(2)
}

/** Where a command is, or undefined. */
function find(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(USAGE)
  process.exit(0)
}
const unknown = args.find((argument) => !['--no-build', '--screenshot'].includes(argument))
if (unknown !== undefined) fail(`there is no option ${unknown}\n\n${USAGE}`)
const chromium = find('chromium')
if (chromium === undefined) fail('there is no chromium on PATH; on Debian: apt-get install chromium')
if (!args.includes('--no-build')) {
  install()
  build()
}
run(process.execPath, [`${root}dist/test/browser/main.js`, chromium])
const screenshot = args.includes('--screenshot') ? [`${root}examples/browser/screenshot.png`] : []
run(process.execPath, [`${root}dist/test/browser/example.js`, chromium, ...screenshot])
