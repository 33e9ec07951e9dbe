import { setTimeout as sleep } from 'node:timers/promises'

/** What has not come after so many milliseconds never will. */
const patience = 600_000

/** Look again and again until there is something. */
export const until = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  everyMs: number,
): Promise<T> => {
  for (const before = Date.now() + patience; ; await sleep(everyMs)) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > before) throw new Error(`${what}: not after ${patience / 1000} s`)
  }
}
