import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { renderReport } from '../../report/report.ts'
import { sample } from '../report/sample.ts'

/** A way to look at the report. */
interface View {
  readonly name: string
  readonly width: number
  readonly scheme: 'light' | 'dark'
  readonly media: 'screen' | 'print'
}

/** Screens of both schemes and two widths; paper at about the width of A4 less its margins, also from a dark screen. */
const views: readonly View[] = [
  { name: 'light', width: 1200, scheme: 'light', media: 'screen' },
  { name: 'dark', width: 1200, scheme: 'dark', media: 'screen' },
  { name: 'phone', width: 390, scheme: 'light', media: 'screen' },
  { name: 'phone-dark', width: 390, scheme: 'dark', media: 'screen' },
  { name: 'print', width: 690, scheme: 'dark', media: 'print' },
]

/** What `lookAtReport` found in one view. */
export interface Looked {
  readonly view: string
  readonly faults: readonly string[]
}

/**
 * Opens the sample report in every view, with every table unfolded on screens, and says what is wrong: words on the
 * console, requests, a page wider than its window, drawings outside of it, a ground of the wrong brightness. Pictures of
 * all views are left in `folder`, for eyes to judge the rest.
 */
export async function lookAtReport(browser: Browser): Promise<{ folder: string; looked: Looked[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'quant-trim-report-'))
  const file = join(folder, 'report.html')
  writeFileSync(file, renderReport(sample))
  const looked: Looked[] = []
  for (const view of views) looked.push({ view: view.name, faults: await look(browser, view, file, folder) })
  return { folder, looked }
}

async function look(browser: Browser, view: View, file: string, folder: string): Promise<string[]> {
  const { name, width, scheme, media } = view
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
  const faults: string[] = []
  try {
    const page = await context.newPage()
    const address = pathToFileURL(file).href
    page.on('console', (message) => faults.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => faults.push(String(error)))
    context.on('request', (request) => {
      if (request.url() !== address) faults.push(`request of ${request.url()}`)
    })
    await page.emulateMedia({ media, colorScheme: scheme })
    await page.goto(address)
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
    const bright = media === 'print' || scheme === 'light'
    faults.push(...(await measure(page, bright)))
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    faults.push(...(await measure(page, bright)).map((fault) => `unfolded: ${fault}`))
    return faults
  } finally {
    await context.close()
  }
}

/** What is wrong with the page as it stands. */
function measure(page: Page, bright: boolean): Promise<string[]> {
  return page.evaluate((wanted) => {
    const found: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) found.push(`${scrollWidth} pixels wide in a window of ${clientWidth}`)
    for (const drawing of document.querySelectorAll('svg')) {
      const box = drawing.getBoundingClientRect()
      const label = drawing.getAttribute('aria-label')
      if (box.width === 0 || box.height === 0) found.push(`nothing to see of ${label}`)
      for (const text of drawing.querySelectorAll('text')) {
        const { left, right } = text.getBoundingClientRect()
        if (left < 0 || right > clientWidth) found.push(`'${text.textContent}' leaves the window in ${label}`)
      }
    }
    const ground = getComputedStyle(document.body).backgroundColor
    const [red] = ground.match(/\d+/g)?.map(Number) ?? [Number.NaN]
    if (red > 127 !== wanted) found.push(`ground ${ground}`)
    return found
  }, bright)
}
