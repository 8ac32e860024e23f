import * as assert from 'uvu/assert'

/** Asserts that `body` throws an error of this class whose message matches. */
export function throwsWith(body: () => unknown, kind: new (message: string) => Error, message: RegExp): void {
  assert.throws(body, (error: unknown) => error instanceof kind && message.test(error.message))
}
