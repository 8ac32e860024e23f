/**
 * A key that one of the objects in `text` has twice, or null. `text` is valid JSON: `JSON.parse` accepts duplicates
 * without a word and keeps the last.
 */
export function findDuplicateKey(text: string): string | null {
  // The keys of each object that is open; null for an array.
  const open: (Set<string> | null)[] = []
  let before = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(null)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const start = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      const keys = open.at(-1)
      if (keys && before !== ':') {
        const key = JSON.parse(text.slice(start, i + 1)) as string
        if (keys.has(key)) return key
        keys.add(key)
      }
    }
    if (character > ' ') before = character
  }
  return null
}
