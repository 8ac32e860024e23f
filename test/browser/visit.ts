import type { Browser } from 'playwright-core'
import type { Mode } from './modes.ts'
import type { Report } from './report.ts'

/** What a page did, seen from the outside. */
export interface Visit {
  readonly report: Report
  /** Errors and warnings on the console. */
  readonly complaints: readonly string[]
  /** Addresses that were asked for, by the page and its worker. */
  readonly requests: readonly string[]
}

/** Milliseconds that a page has for its report. */
const PATIENCE = 60_000

/** Opens a page in a context of its own and waits for its report. */
export async function visit(browser: Browser, address: string, { place }: Mode): Promise<Visit> {
  const context = await browser.newContext()
  const complaints: string[] = []
  const requests: string[] = []
  try {
    const page = await context.newPage()
    context.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    const report = await new Promise<Report>((resolve, reject) => {
      const timer = setTimeout(() => {
        resolve({ error: [`no report within ${PATIENCE / 1000} s`, ...complaints].join('; ') })
      }, PATIENCE)
      const done = (result: Report): void => {
        clearTimeout(timer)
        resolve(result)
      }
      page.on('pageerror', (error) => done({ error: String(error) }))
      page.on('crash', () => done({ error: 'the page crashed' }))
      page
        .exposeFunction('report', done)
        .then(() => page.goto(place === 'worker' ? `${address}?worker` : address))
        .catch(reject)
    })
    return { report, complaints, requests }
  } finally {
    await context.close()
  }
}
