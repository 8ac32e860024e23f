/** out[i] = table[x[i] + 128]: a function of one kept code; 256 entries. Example: a table of -1 - i + 128 at i: 5 -> -6. */
export function lookUp(x: Int8Array, count: number, table: Int8Array, out: Int8Array): void {
  for (let i = 0; i < count; i++) out[i] = table[x[i] + 128]
}
