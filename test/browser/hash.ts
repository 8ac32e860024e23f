/** Feeds SHA-256 with texts and typed arrays, by `crypto.subtle`, which Node and secure contexts of browsers have. */
export class Hash {
  readonly #parts: Uint8Array[] = []

  /** Appends the length in bytes and the bytes: two sequences of parts are alike only if every part is. */
  add(part: string | ArrayBufferView): void {
    const bytes =
      typeof part === 'string'
        ? new TextEncoder().encode(part)
        : new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
    this.#parts.push(new TextEncoder().encode(`${bytes.length}:`), bytes.slice())
  }

  /** The digest of everything so far in hexadecimal. */
  async digest(): Promise<string> {
    const all = new Uint8Array(this.#parts.reduce((length, part) => length + part.length, 0))
    let offset = 0
    for (const part of this.#parts) {
      all.set(part, offset)
      offset += part.length
    }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all))
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}
