import type { Looking } from './findings.ts'

/** Records that are seen to at once. */
const AT_ONCE = 8

/** See to records, some at once. @returns false: the time was up before the last of them. */
export async function each<T>(
  looking: Looking,
  pages: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  see: (one: T) => Promise<void>,
): Promise<boolean> {
  for await (const page of pages) {
    for (let n = 0; n < page.length; n += AT_ONCE) {
      if (looking.isOver()) return false
      await Promise.all(page.slice(n, n + AT_ONCE).map(see))
    }
  }
  return true
}
