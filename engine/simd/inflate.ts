/**
 * Decompresses DEFLATE (RFC 1951), in which compiled kernels are embedded: `DecompressionStream` would make loading asynchronous. The data
 * are our own build's, so they are trusted: damaged ones give wrong bytes, no error.
 */

/** Extra bits and least values of length codes 257 ... 285 and of distance codes 0 ... 29 (RFC 1951, 3.2.5). */
const lengths = ranges([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5], 3)
const distances = ranges(
  Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1)),
  1,
)
/** The order in which the lengths of the code-length code stand. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

function ranges(extra: readonly number[], first: number): readonly (readonly [extra: number, least: number])[] {
  let least = first
  return extra.map((bits) => {
    const range = [bits, least] as const
    least += 2 ** bits
    return range
  })
}

/** A canonical Huffman code: how many codes there are of each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: readonly number[]
  readonly symbols: readonly number[]
}

function codeOf(bitLengths: readonly number[]): Code {
  const counts = new Array<number>(16).fill(0)
  for (const length of bitLengths) if (length > 0) counts[length]++
  const symbols = [...bitLengths.keys()].filter((symbol) => bitLengths[symbol] > 0)
  return { counts, symbols: symbols.sort((a, b) => bitLengths[a] - bitLengths[b] || a - b) }
}

/** The bytes of a raw DEFLATE stream. Example: [0x4b, 0x04, 0x00] -> [0x61]. */
export function inflate(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = []
  let at = 0
  let held = 0
  let heldBits = 0
  const bits = (count: number): number => {
    for (; heldBits < count; heldBits += 8) held |= data[at++] << heldBits
    const value = held & ((1 << count) - 1)
    held >>= count
    heldBits -= count
    return value
  }
  const symbol = ({ counts, symbols }: Code): number => {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length < 16; length++) {
      code |= bits(1)
      if (code - first < counts[length]) return symbols[index + code - first]
      index += counts[length]
      first = (first + counts[length]) << 1
      code <<= 1
    }
    return 256
  }
  const fixed = [
    codeOf(Array.from({ length: 288 }, (_, s) => (s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8))),
    codeOf(new Array<number>(30).fill(5)),
  ]
  const dynamic = (): Code[] => {
    const literals = bits(5) + 257
    const total = literals + bits(5) + 1
    const given = bits(4) + 4
    const order = new Array<number>(19).fill(0)
    for (let i = 0; i < given; i++) order[ORDER[i]] = bits(3)
    const code = codeOf(order)
    const all: number[] = []
    while (all.length < total) {
      const s = symbol(code)
      if (s < 16) all.push(s)
      else if (s === 16) all.push(...new Array<number>(3 + bits(2)).fill(all[all.length - 1]))
      else all.push(...new Array<number>(s === 17 ? 3 + bits(3) : 11 + bits(7)).fill(0))
    }
    return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals))]
  }
  for (let isLast = 0; isLast === 0; ) {
    isLast = bits(1)
    const kind = bits(2)
    if (kind === 0) {
      // Stored: from the next byte on, a length and its complement, then bytes.
      bits(heldBits & 7)
      const count = bits(16)
      bits(16)
      for (let i = 0; i < count; i++) out.push(bits(8))
      continue
    }
    const [literal, distance] = kind === 1 ? fixed : dynamic()
    for (let s = symbol(literal); s !== 256; s = symbol(literal)) {
      if (s < 256) {
        out.push(s)
        continue
      }
      // The last code is a length of 258 without extra bits.
      const [extra, least] = lengths[s - 257] ?? [0, 258]
      const count = least + bits(extra)
      const [far, nearest] = distances[symbol(distance)]
      const from = out.length - nearest - bits(far)
      for (let i = 0; i < count; i++) out.push(out[from + i])
    }
  }
  return Uint8Array.from(out)
}
