/** The Web Worker of the page: computes, and sends the page what to report. */

import { reportFromHere } from './report.ts'

postMessage(await reportFromHere())
