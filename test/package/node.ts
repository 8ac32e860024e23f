// Compiled by scripts/testPackage.mjs likewise: all entry points together, as an application in Node has them.

import { InferenceSession } from 'quant-trim/runtime'
import { createPool, type Pool, type PoolOptions, runTasks } from 'quant-trim/workers'

const options: PoolOptions = { threads: 2 }
const pool: Pool = await createPool(options)
export const session = await InferenceSession.create(new URL('file:///model.onnx'), { executor: pool })
export const squares: number[] = await runTasks<number, number>(new URL('file:///square.js'), [1, 2], { threads: 2 })
// @ts-expect-error a number is wanted
await createPool({ threads: '2' })

export * from './browser.js'
