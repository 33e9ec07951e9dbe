/** How far back a rate looks. */
const windowMs = 5_000

/** Bytes per second over the last moments. */
export const rateMeter = (now: () => number = () => performance.now()) => {
  let samples: { at: number; bytes: number }[] = []
  return {
    add: (bytes: number) => {
      const at = now()
      // Less than before: something else is counted now.
      const before = bytes < (samples.at(-1)?.bytes ?? 0) ? [] : samples
      samples = [...before.filter((sample) => sample.at > at - windowMs), { at, bytes }]
    },
    get bytesPerSecond() {
      const at = now()
      const recent = samples.filter((sample) => sample.at > at - windowMs)
      const [first] = recent
      const last = recent.at(-1)
      if (first === undefined || last === undefined || first === last) return 0
      return Math.round(((last.bytes - first.bytes) * 1000) / Math.max(at - first.at, 1))
    },
  }
}
export type RateMeter = ReturnType<typeof rateMeter>
