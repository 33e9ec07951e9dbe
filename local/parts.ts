import { CannotStart, isDiskFull, reasonOf } from './state.ts'

const remedyFor = (error: unknown, folder: string): string =>
  isDiskFull(error)
    ? `Free some space where ${folder} is, or give another folder with --state DIR`
    : `If ${folder} was damaged, begin anew with --fresh`

/** What was started, closed in the opposite order. @param folder the state folder, named where it may be at fault. */
export const partsIn = (folder: string) => {
  const closers: (() => unknown)[] = []
  return {
    /** @throws CannotStart naming the part that did not start. */
    async open<T>(what: string, start: () => T | Promise<T>, close: (started: T) => unknown): Promise<T> {
      try {
        const made = await start()
        closers.push(() => close(made))
        return made
      } catch (error) {
        if (error instanceof Error && error.name === 'CannotStart') throw error
        throw new CannotStart(`${what} cannot start: ${reasonOf(error)}. ${remedyFor(error, folder)}`)
      }
    },
    async close(): Promise<void> {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}
