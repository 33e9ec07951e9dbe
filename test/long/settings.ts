import { randomInt } from 'node:crypto'

const numberFrom = (name: string, otherwise: number): number => {
  const given = process.env[name]
  if (given === undefined || given === '') return otherwise
  const value = Number(given)
  if (!Number.isInteger(value)) throw new Error(`${name} is ${given}, and should be a whole number`)
  return value
}

/** Of everything that is drawn in the long tests. `LONG_SEED=… npm run test:long` draws the same again. */
export const seed = numberFrom('LONG_SEED', randomInt(2 ** 31 - 1))

/** Hostile requests, over all operations. */
export const requests = numberFrom('LONG_REQUESTS', 100_000)

/** Runs of each property. */
export const runs = numberFrom('LONG_RUNS', 1_500)

/** Seconds that clients race for. */
export const raceSeconds = numberFrom('LONG_RACE_SECONDS', 60)

/** One line of what was done, for whoever reads the output. */
export const report = (what: string, counts: Readonly<Record<string, unknown>>): void => {
  const list = Object.entries({ seed, ...counts }).map(([name, value]) => `${name} ${value}`)
  console.log(`${what}: ${list.join(', ')}`)
}
