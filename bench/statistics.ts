/** Of a sample in any order, the value below which that share of it lies. */
const quantile = (sample: readonly number[], share: number): number => {
  const sorted = [...sample].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Three significant digits: more would be noise. */
export const rounded = (value: number): number => Number(value.toPrecision(3))

export const median = (sample: readonly number[]): number => rounded(quantile(sample, 0.5))

export interface Timing {
  /** Milliseconds. */
  readonly p50: number
  readonly p95: number
}

export const timing = (sample: readonly number[]): Timing => ({
  p50: median(sample),
  p95: rounded(quantile(sample, 0.95)),
})

/** Run something, and note in `sample` how many milliseconds it took. */
export const timed = async <T>(sample: number[], run: () => Promise<T>): Promise<T> => {
  const began = performance.now()
  const result = await run()
  sample.push(performance.now() - began)
  return result
}
