// `npm run example`: builds, and serves examples/browser with what it imports on this machine until Ctrl-C. Any static
// file server over the project's folder does the same.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, install } from './prepare.mjs'
import { root } from './root.mjs'

const USAGE = `npm run example -- [OPTIONS]

Serves the page examples/browser on http://127.0.0.1:PORT/: draw a digit, and see it in float and on integer back ends.

  --port PORT  0 takes a free one [8080]
  --dist DIR   serve the build in DIR; without it dist/ is built first
  --help       this text`

const PAGE = '/examples/browser/'
/** What is served, apart from the build: paths below these, and nothing that begins with a dot. */
const SERVED = [PAGE]
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
}

function usageError(message) {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}

/** The options of the command line. */
function readArguments() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '8080' },
        dist: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return usageError(error.message)
  }
}

/** The file that an address means, or null where it is none of ours. */
function fileOf(url, dist) {
  const { pathname } = new URL(url, 'http://localhost')
  // Only plain names: no escapes, no '..', nothing hidden.
  if (!/^(\/[\w-][\w.-]*)*\/?$/.test(pathname)) return null
  if (pathname.startsWith('/dist/')) return join(dist, pathname.slice('/dist/'.length))
  if (!SERVED.some((folder) => pathname.startsWith(folder))) return null
  return join(root, pathname === PAGE ? `${PAGE}index.html` : pathname)
}

const { port, dist, help } = readArguments()
if (help) {
  console.log(USAGE)
  process.exit(0)
}
if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) usageError(`--port ${port}: wanted 0 ... 65535`)
if (dist === undefined) {
  install()
  build()
}
const folder = resolve(process.env.INIT_CWD ?? '.', dist ?? `${root}dist`)

const server = createServer(async ({ url, method }, response) => {
  const file = ['GET', 'HEAD'].includes(method) ? fileOf(url, folder) : null
  if (file === null) {
    // Relative: so it stays on this host whatever the request said.
    if (url === '/' || url === '/examples/browser') response.writeHead(302, { Location: PAGE }).end()
    else response.writeHead(404).end()
    return
  }
  try {
    const body = await readFile(file)
    const type = TYPES[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(method === 'HEAD' ? '' : body)
  } catch {
    response.writeHead(404).end()
  }
})
server.on('error', (error) => {
  console.error(`port ${port}: ${error.message}; choose another with --port`)
  process.exit(1)
})
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}${PAGE}`)
})
