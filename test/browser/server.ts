import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { headersOf, type Mode } from './modes.ts'

const PAGE = '<!doctype html><title>quant-trim</title><script type="module" src="test/browser/page.js"></script>'

/** A server that is listening. */
export interface PageServer {
  /** For example 'http://127.0.0.1:41234'. */
  readonly origin: string
  readonly server: Server
}

/**
 * Serves, on a free port of this machine, the page of modes[i] as `/i/` and the scripts below `folder` as they are under
 * it, so that relative imports stay in the mode. Anything but those is answered with 404, icons with 204.
 */
export async function serve(folder: string, modes: readonly Mode[]): Promise<PageServer> {
  const server = createServer(async ({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const [, index, path] = /^\/(\d+)\/((?:[\w-]+\/)*[\w-]+\.js)?$/.exec(pathname) ?? []
    const mode = modes[Number(index)]
    if (mode === undefined) {
      response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end()
      return
    }
    const headers = { ...headersOf(mode), 'Content-Type': path === undefined ? 'text/html' : 'text/javascript' }
    try {
      const body = path === undefined ? PAGE : await readFile(join(folder, path))
      response.writeHead(200, headers).end(body)
    } catch {
      response.writeHead(404, headers).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}
