import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { medianSeconds } from '../../cli/bench/measure.ts'

const test = suite('bench')
const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

function bench(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'bench', ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('the median of samples that repeat short runs, with any clock', () => {
  // Each run takes what stands next in the list.
  const timesOf = (durations: number[], effort: Partial<Parameters<typeof medianSeconds>[1]>): number => {
    let clock = 0
    let runs = 0
    const rest = { samples: 1, sampleSeconds: 0, warmUpSeconds: 0, budgetSeconds: 1e9, ...effort }
    const seconds = medianSeconds(
      () => {
        clock += 1000 * durations[Math.min(runs, durations.length - 1)]
        runs++
      },
      rest,
      () => clock,
    )
    assert.is(runs, durations.length, 'every duration is used, no more')
    return seconds
  }
  assert.is(timesOf([9, 4], {}), 4, 'the first run is not counted')
  assert.is(timesOf([9, 4, 2, 16], { samples: 3 }), 4, 'the middle one')
  assert.is(timesOf([9, 4, 2, 16, 6], { samples: 4 }), 5, 'the mean of two in the middle')
  assert.is(timesOf([8, 2, 4], { sampleSeconds: 10 }), 3, 'two runs of about 8 s make a sample of 10 s')
  assert.is(timesOf([1, 1, 1, 5], { warmUpSeconds: 3 }), 5, 'runs until warm')
  assert.is(timesOf([4, 1, 3], { samples: 7, budgetSeconds: 8 }), 2, 'a slow run gets fewer samples')
})

test('JSON has a line for every case, with positive speeds', async () => {
  const { status, stdout, stderr } = await bench('--quick', '--json', '--filter', 'lenet')
  assert.is(status, 0, stderr)
  const { threads, peak, rows } = JSON.parse(stdout)
  assert.is(threads, 1)
  assert.ok(peak > 0)
  assert.equal(
    rows.map(({ name }: { name: string }) => name),
    ['lenet float, 1 image', 'lenet int8, 1 image', 'lenet training step, 32 images'],
  )
  for (const { kind, unit, plain, simd, peakShare, name } of rows) {
    assert.is(kind, 'network')
    assert.is(unit, 'images/s')
    assert.ok(plain > 0 && simd > 0, name)
    assert.is(peakShare === null, !name.includes('float'), 'only float inference counts its operations')
  }
})

test('a table for people', async () => {
  const { status, stdout, stderr } = await bench('--quick', '--filter', 'relu')
  assert.is(status, 0, stderr)
  const lines = stdout.split('\n')
  assert.match(lines[0], /^kernel or network +unit +plain +SIMD +times +of peak$/)
  assert.match(lines[2], /^relu +Gelement\/s/)
  assert.match(stdout, /SIMD registers alone: [\d.]+ GFLOP\/s on one thread; SIMD kernels: 1 thread$/m)
})

test('with threads, every case runs, and its share is of the peak of as many', async () => {
  const { status, stdout, stderr } = await bench('--quick', '--json', '--threads', '2', '--filter', 'lenet')
  assert.is(status, 0, stderr)
  const { threads, peak, dispatch, rows } = JSON.parse(stdout)
  assert.is(threads, 2)
  assert.ok(dispatch > 0, 'an empty job was shared out')
  assert.is(rows.length, 3)
  // LeNet's multiplications and additions for one picture of 28 x 28, counted by hand: two convolutions, three layers.
  const operations = 2 * (6 * 25 * 28 * 28 + 16 * 6 * 25 * 10 * 10 + 400 * 120 + 120 * 84 + 84 * 10)
  const { simd, peakShare } = rows[0]
  assert.ok(Math.abs(peakShare / ((simd * operations) / 1e9 / (2 * peak)) - 1) < 1e-9, `share ${peakShare}`)
  assert.is((await bench('--threads', '0')).status, 2)
})

test('a filter that matches nothing is bad usage, and lists the names', async () => {
  const { status, stderr } = await bench('--filter', 'no such kernel')
  assert.is(status, 2)
  assert.match(stderr, /no line is named so; there are matmul 384x384x384, /)
})

test.run()
