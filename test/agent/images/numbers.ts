/** Numbers from a seed: the same case again from the same seed and index. */
export const numbersFrom = (seed: number, index: number) => {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  /** A whole number from 0, lower than the bound. */
  const below = (bound: number) => Math.floor((next() / 2 ** 32) * bound)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!
  return { below, pick }
}
export type Numbers = ReturnType<typeof numbersFrom>
