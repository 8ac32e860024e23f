import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Command, ControlBlock, NONE } from '../../workers/control.ts'

const test = suite('control block')

const command = (units: number, chunkSize: number): Command => ({ module: 3, function: 5, units, chunkSize, args: [] })
const everyoneLives = (): boolean => true
const nobodyLives = (): boolean => false

/** Claims, as one thread, whatever there is. */
function claimAll(block: ControlBlock, thread: number): number[] {
  const claimed: number[] = []
  for (let chunk = block.claim(thread); chunk !== NONE; chunk = block.claim(thread)) claimed.push(chunk)
  return claimed
}

test('two views of one block share out each chunk once', () => {
  const caller = new ControlBlock()
  const worker = new ControlBlock(caller.buffer)
  assert.is(worker.claim(1), NONE, 'there is nothing before the first command')
  const first = caller.publish(command(10, 3))
  assert.is(worker.claim(1), first)
  assert.equal(claimAll(caller, 0), [first + 1, first + 2, first + 3])
  assert.is(worker.claim(1), NONE)
  assert.equal(
    [0, 1, 2, 3].map((i) => worker.begin(first + i)),
    [0, 3, 6, 9],
  )
})

test('a command is read as it was written', () => {
  const caller = new ControlBlock()
  const args = [0, -1, 2 ** 32 - 1, 0.1, -0, Number.POSITIVE_INFINITY]
  caller.publish({ module: 7, function: 11, units: 13, chunkSize: 5, args })
  const read = new ControlBlock(caller.buffer).command
  assert.equal(read, { module: 7, function: 11, units: 13, chunkSize: 5, args })
  assert.ok(Object.is(read.args[4], -0))
})

test('done chunks of one command are not done chunks of the next', () => {
  const block = new ControlBlock()
  for (let round = 0; round < 3; round++) {
    const first = block.publish(command(4, 2))
    assert.not(block.isDone(first))
    for (const chunk of claimAll(block, 0)) block.finish(chunk)
    assert.ok(block.isDone(first) && block.isDone(first + 1))
    assert.ok(block.waitUntilDone(first, 1000), 'without waiting')
  }
  const first = block.publish(command(1, 1))
  assert.not(block.waitUntilDone(first, 1), 'the time is over')
})

test('a chunk is lost when no living thread holds it', () => {
  const block = new ControlBlock()
  const first = block.publish(command(3, 1))
  block.claim(1)
  block.claim(2)
  assert.not(block.isLost(first, 3, everyoneLives))
  assert.ok(block.isLost(first, 3, nobodyLives))
  assert.ok(
    block.isLost(first, 3, (thread) => thread === 2),
    'thread 2 holds another',
  )
  block.finish(first)
  assert.not(block.isLost(first, 3, nobodyLives), 'it is done')
  assert.ok(block.isHolding(2) && !block.isHolding(3))
  block.release(2)
  assert.not(block.isHolding(2))
  assert.ok(block.isLost(first + 1, 3, everyoneLives), 'thread 2 has let go of it')
})

test('withdrawn chunks are never claimed', () => {
  const block = new ControlBlock()
  const first = block.publish(command(8, 1))
  block.claim(1)
  block.withdraw()
  assert.is(block.claim(2), NONE)
  const next = block.publish(command(2, 1))
  assert.is(next, first + 8)
  assert.equal(claimAll(block, 2), [next, next + 1])
})

test('numbers start over long before they leave 32 bits', () => {
  const block = new ControlBlock()
  // The units of these commands are never claimed.
  while (!block.isFull) {
    block.publish(command(2 ** 29, 1))
    block.withdraw()
  }
  block.restart()
  assert.not(block.isFull)
  assert.is(block.claim(1), NONE)
  const first = block.publish(command(2, 1))
  assert.is(first, 1)
  assert.not(block.isDone(first))
  assert.equal(claimAll(block, 1), [1, 2])
})

test.run()
