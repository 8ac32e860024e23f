/**
 * Opens examples/browser in Chromium as people do: on a desktop, on a phone in dark mode, and without WebAssembly. Draws,
 * chooses and drops digits, and checks what every model says. Exit status 1 if anything is not as it should be.
 * Arguments: the browser, and where to write the screenshot of the desktop if it is wanted. The screenshots of a run that failed are
 * kept in a temporary folder.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { FLAGS } from './flags.ts'

/** Float, and four back ends at 8 and at 4 bits. */
const ROWS = 9
const READY = 'body[data-state="ready"]'

/** What the page shows of one model. */
interface Row {
  readonly key: string
  readonly says: string
  /** The chart's description, which lists the logits. */
  readonly logits: string
  readonly time: string
}

const build = fileURLToPath(new URL('../../', import.meta.url))
const faults: string[] = []

/** Notes a fault unless `found` is `wanted`. */
function check(what: string, found: unknown, wanted: unknown): void {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value))
  if (a !== b) faults.push(`${what}: ${a}, wanted ${b}`)
}

/** Starts `npm run example` on this build and a free port; resolves to the address that it prints. */
async function startServer(): Promise<{ address: string; server: ChildProcess }> {
  const script = join(build, '../scripts/example.mjs')
  const server = spawn(process.execPath, [script, '--port', '0', '--dist', build], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: server.stdout })) return { address: line, server }
  throw new Error('scripts/example.mjs ended before it printed an address')
}

/** Opens the page in a context of its own. */
async function open(browser: Browser, address: string, name: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const { origin } = new URL(address)
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${name}: console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`${name}: ${error}`))
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) faults.push(`${name}: request of ${url}`)
  })
  if (name === 'no WebAssembly') await page.addInitScript('delete globalThis.WebAssembly')
  await page.goto(address)
  return page
}

function rowsOf(page: Page): Promise<Row[]> {
  return page.locator('#table tbody tr').evaluateAll((rows) =>
    rows.map((row) => ({
      key: (row as HTMLElement).dataset.key ?? '',
      says: row.querySelector('.says')?.textContent ?? '',
      logits: row.querySelector('svg')?.getAttribute('aria-label') ?? '',
      time: row.querySelector('[data-label="time"]')?.textContent ?? '',
    })),
  )
}

/** Waits for the results and checks that each of `count` models shows all its logits, a time, and says `digit`. */
async function expectDigit(page: Page, what: string, digit: string, count = ROWS): Promise<Row[]> {
  await page.waitForSelector(READY, { timeout: 60_000 })
  const rows = await rowsOf(page)
  check(`${what}: rows`, rows.length, count)
  for (const { key, says, logits, time } of rows) {
    check(`${what}: ${key} says`, says, digit)
    check(`${what}: ${key} logits`, /^Logits( \d: −?\d+\.\d\d,?){10}$/.test(logits), true)
    check(`${what}: ${key} time '${time}'`, /^[\d.]+ (µs|ms)$/.test(time), true)
  }
  return rows
}

/** Draws lines on the pad with the mouse; the points are fractions of its size. */
async function drawWithMouse(page: Page, [start, ...points]: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator('#pad').boundingBox()
  if (box === null) throw new Error('the drawing area is not to be seen')
  const to = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const
  await page.mouse.move(...to(start))
  await page.mouse.down()
  for (const point of points) await page.mouse.move(...to(point), { steps: 8 })
  await page.mouse.up()
}

/** A PNG of the digit on the pad, dark on a light sheet and off its middle, as from a scanner. */
async function scanOf(page: Page): Promise<Buffer> {
  const address = await page.evaluate(() => {
    const sheet = document.createElement('canvas')
    sheet.width = 400
    sheet.height = 300
    const context = sheet.getContext('2d') as CanvasRenderingContext2D
    context.filter = 'invert(0.85)'
    context.fillRect(0, 0, 400, 300)
    context.drawImage(document.querySelector('#pad') as HTMLCanvasElement, 200, 20, 180, 180)
    return sheet.toDataURL()
  })
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
}

async function onDesktop(browser: Browser, address: string, screenshot: string): Promise<void> {
  const page = await open(browser, address, 'desktop', {
    viewport: { width: 1200, height: 1060 },
  })
  await page.waitForSelector(READY, { timeout: 60_000 })
  check(
    'desktop: rows before drawing',
    (await rowsOf(page)).map(({ says }) => says),
    Array(ROWS).fill('–'),
  )
  // A seven.
  await drawWithMouse(page, [
    [0.25, 0.22],
    [0.74, 0.22],
    [0.62, 0.5],
    [0.45, 0.82],
  ])
  await expectDigit(page, 'drawn', '7')
  check('layers against float', (await page.locator('#noise tbody tr').count()) >= 10, true)
  check('tensors of two back ends', (await page.locator('#codes tbody tr').count()) >= 10, true)

  // A 3 that looks like a 5, so that not all agree.
  await page.locator('#samples button').last().click()
  await page.waitForSelector(READY)
  const said = new Set((await rowsOf(page)).map(({ says }) => says))
  check('answers to the hard sample', [...said].sort(), ['3', '5'])
  await page.screenshot({ path: screenshot })

  await page.locator('#samples button').nth(4).click()
  await expectDigit(page, 'sample', '4')
  const scan = await scanOf(page)
  await page.locator('#clear').click()
  check('cleared', (await rowsOf(page))[0].logits, '')
  await page.locator('#file').setInputFiles({ name: 'scan.png', mimeType: 'image/png', buffer: scan })
  await expectDigit(page, 'chosen file', '4')

  await page.locator('#samples button').nth(1).click()
  await page.evaluate(
    (bytes) => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], 'scan.png', { type: 'image/png' }))
      document.querySelector('#pad')?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }))
    },
    [...scan],
  )
  await page.waitForFunction(() => document.querySelector('#verdict')?.textContent?.includes('4'))
  await expectDigit(page, 'dropped file', '4')

  await page.locator('#choice summary').click()
  for (const name of ['tflite-ref', 'tflm']) await page.locator(`#backends input[value="${name}"]`).check()
  await page.locator('tr[data-key="tflm W4"]').waitFor()
  await expectDigit(page, 'more back ends', '4', ROWS + 4)
  await page.locator('#first').selectOption('tflite-ref W8')
  await page.locator('#second').selectOption('tflm W8')
  const sentence = (await page.locator('#difference').textContent()) ?? ''
  check(`'${sentence}' names both`, /tflite-ref W8 and tflm W8/.test(sentence), true)
  await page.locator('tr[data-key="tflm W4"] button').press('Enter')
  check('chosen by its name', await page.locator('#first').inputValue(), 'tflm W4')
  check('focus', await page.evaluate(() => document.activeElement?.textContent), 'tflm')

  const withSimd = (await rowsOf(page)).map(({ logits }) => logits)
  await page.locator('#kernels input[value="plain"]').check()
  const plain = await expectDigit(page, 'plain kernels', '4', ROWS + 4)
  check(
    'logits of plain kernels',
    plain.map(({ logits }) => logits),
    withSimd,
  )
  await page.context().close()
}

/** On a phone, and the same without WebAssembly: the same numbers. */
async function onPhone(browser: Browser, address: string, name: string, folder: string): Promise<string[]> {
  const page = await open(browser, address, name, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 2,
  })
  // With the keyboard alone, and without waiting for programs.
  await page.locator('#samples button').nth(3).press('Enter')
  const rows = await expectDigit(page, name, '3')
  const [width, background] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    getComputedStyle(document.body).backgroundColor,
  ])
  check(`${name}: width`, width, 390)
  check(`${name}: background`, background, 'rgb(18, 21, 27)')
  check(`${name}: SIMD offered`, await page.locator('#kernels input[value="simd"]').isEnabled(), name === 'phone')
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  // Something that is no image leaves everything as it was.
  await page.locator('#file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('none') })
  await page.locator('#verdict', { hasText: 'a.png: this browser cannot read it.' }).waitFor()
  const numbers = await page.locator('#numbers td, #codes td, #noise td').allTextContents()
  await page.context().close()
  return [...rows.map(({ logits }) => logits), ...numbers]
}

const [, , executablePath, wanted] = process.argv
const temporary = mkdtempSync(join(tmpdir(), 'example-'))
const { address, server } = await startServer()
const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS })
try {
  await onDesktop(browser, address, wanted ?? join(temporary, 'desktop.png'))
  const simd = await onPhone(browser, address, 'phone', temporary)
  check('numbers without WebAssembly', await onPhone(browser, address, 'no WebAssembly', temporary), simd)
} finally {
  await browser.close()
  server.kill()
}
for (const fault of faults) console.log(fault)
if (faults.length === 0) rmSync(temporary, { recursive: true, force: true })
else console.log(`screenshots: ${temporary}`)
console.log(`example page: ${faults.length === 0 ? 'as it should be' : 'FAILED'}; Chromium ${browser.version()}`)
process.exitCode = faults.length === 0 ? 0 : 1
