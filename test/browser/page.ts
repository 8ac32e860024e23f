/** The script of the page: computes there, or with `?worker` in a Web Worker, and reports to the driver. */

import type { Report } from './report.ts'

declare global {
  /** Given by the driver. */
  function report(result: Report): Promise<void>
}

function reportFromWorker(): Promise<Report> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Report>) => resolve(data)
    worker.onerror = ({ message }) => resolve({ error: `the worker failed: ${message}` })
  })
}

// A page with a worker does not load the library itself.
const result =
  location.search === '?worker'
    ? reportFromWorker()
    : import('./report.ts').then(({ reportFromHere }) => reportFromHere())
await report(await result)
