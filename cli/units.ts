const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes in the unit that suits them, such as `512.0 MiB`. */
export const bytesOf = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 1024 ** power
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`
}

export const rateOf = (bytesPerSecond: number): string => `${bytesOf(Math.round(bytesPerSecond))}/s`

/** Seconds in at most two units, such as `3 min 20 s`. */
export const spanOf = (seconds: number): string => {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** The time between two moments (ISO 8601), or since the first. */
export const between = (from: string, to: string = new Date().toISOString()): string =>
  spanOf((Date.parse(to) - Date.parse(from)) / 1000)
