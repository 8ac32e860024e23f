/** Codes as they are outside of a session, to what is kept: less `offset` (see storage.ts). Example: 131 less 128: 3. */
export function narrowCodes(codes: Int32Array, offset: number, out: Int8Array): void {
  for (let i = 0; i < codes.length; i++) out[i] = codes[i] - offset
}

/** Kept codes as they are outside of a session. Example: offset 128: 3 -> 131. */
export function widenCodes(kept: Int8Array, offset: number, out: Int32Array): void {
  for (let i = 0; i < kept.length; i++) out[i] = kept[i] + offset
}
