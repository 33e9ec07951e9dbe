export interface Kept<T> {
  /** What was read under this key lately, else what `read` gives. Who asks meanwhile waits for the same reading. */
  get(key: string, read: () => Promise<T>): Promise<T>
  /** The next who asks reads again. */
  forget(key: string): void
}

/** Readings by key, each kept for so many milliseconds; not those that failed, or that are not worth it. */
export const kept = <T>(ms: number, isWorth: (value: T) => boolean = () => true): Kept<T> => {
  const readings = new Map<string, { readonly value: Promise<T>; readonly until: number }>()
  return {
    get(key, read) {
      const there = readings.get(key)
      if (there !== undefined && Date.now() < there.until) return there.value
      const reading = { value: read(), until: Date.now() + ms }
      readings.set(key, reading)
      const drop = () => {
        if (readings.get(key) === reading) readings.delete(key)
      }
      reading.value.then((value) => isWorth(value) || drop(), drop)
      return reading.value
    },
    forget: (key) => void readings.delete(key),
  }
}
