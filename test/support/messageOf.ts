import * as assert from 'uvu/assert'

/** The message of the error that `body` throws, which must be of class `kind`. */
export function messageOf(kind: new (message: string) => Error, body: () => unknown): string {
  try {
    body()
  } catch (error) {
    assert.instance(error, kind)
    return (error as Error).message
  }
  return 'nothing was thrown'
}
