import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError } from '../../../engine/base/errors.ts'
import { parseCifar } from '../../../models/data/cifar.ts'

const test = suite('CIFAR')

/** Records whose pixel p is (first + p) mod 256, after the given label bytes. */
function records(...labels: number[][]): Uint8Array {
  return Uint8Array.from(
    labels.flatMap((label, r) => [...label, ...Array.from({ length: 3072 }, (_, p) => (r + p) & 255)]),
  )
}

function refused(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error: unknown) => error instanceof FormatError && message.test(error.message))
}

test('CIFAR-10: two files in order', () => {
  const parts = [
    { source: 'a', bytes: records([3], [9]) },
    { source: 'b', bytes: records([0]) },
  ]
  const { images, labels } = parseCifar('cifar10', parts)
  assert.equal([...labels], [3, 9, 0])
  assert.is(images.length, 3 * 3072)
  assert.equal([images[0], images[3071], images[3072], images[3073], images[6144]], [0, 255, 1, 2, 0])
})

test('CIFAR-100: the fine label counts', () => {
  const { images, labels } = parseCifar('cifar100', [{ source: 'a', bytes: records([19, 99], [0, 7]) }])
  assert.equal([...labels], [99, 7])
  assert.equal([images[0], images[3072]], [0, 1])
})

test('no files, no images', () => {
  assert.is(parseCifar('cifar10', []).labels.length, 0)
})

test('lengths that are no whole number of records', () => {
  const bytes = records([1], [2])
  for (const end of [0, 1, 3072, 3074, 6145]) {
    refused(
      () => parseCifar('cifar10', [{ source: 'file-a', bytes: bytes.subarray(0, end) }]),
      /file-a has \d+ bytes.*3073/,
    )
  }
  refused(() => parseCifar('cifar10', [{ source: 'a', bytes: Uint8Array.of(...bytes, 0) }]), /6147 bytes/)
  refused(() => parseCifar('cifar100', [{ source: 'a', bytes }]), /records of 3074/)
})

test('labels out of range are named', () => {
  refused(
    () => parseCifar('cifar10', [{ source: 'file-a', bytes: records([1], [10]) }]),
    /file-a: the label of record 1 is 10; it is 0 to 9/,
  )
  refused(() => parseCifar('cifar100', [{ source: 'a', bytes: records([20, 0]) }]), /coarse label of record 0 is 20/)
  refused(
    () => parseCifar('cifar100', [{ source: 'a', bytes: records([1, 1], [0, 100]) }]),
    /fine label of record 1 is 100/,
  )
})

test.run()
