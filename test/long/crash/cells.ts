import type { CrashJob } from './job.ts'
import { type Moment, theMiddle } from './round.ts'

/** A job, killed at one of its moments. */
export interface Cell {
  readonly job: CrashJob
  readonly moment: Moment
}
export type Sides = readonly ('before' | 'after')[]

/** What a cell is called in the table. */
export const nameOf = (moment: Moment): string =>
  moment === theMiddle ? moment : `${moment.at}/${moment.side}`

/** All there are of a job that came through these moments. */
export const cellsOf = (job: CrashJob, moments: readonly string[], sides: Sides): Cell[] => [
  ...moments.flatMap((at) => sides.map((side): Cell => ({ job, moment: { at, side } }))),
  ...(job.moves ? [{ job, moment: theMiddle } as const] : []),
]

/** Numbers from 0 to 1 that a seed decides. */
const drawing = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** So many of them, in their order. */
export const drawn = <T>(list: readonly T[], count: number, seed: number): T[] => {
  const next = drawing(seed)
  const order = list.map((_, index) => ({ index, by: next() })).toSorted((a, b) => a.by - b.by)
  const chosen = new Set(order.slice(0, count).map(({ index }) => index))
  return list.filter((_, index) => chosen.has(index))
}

const isStart = ({ moment }: Cell) => moment !== theMiddle && moment.at === 'start'

/** So many messages at once are taken from the queue, each by itself. */
const atOnce = 4

/**
 * Which cells are met together: one of each job. Those at a job's start in fours, and those in the middle of bytes by
 * themselves: beside others a job would not be met between two of its bytes.
 */
export const roundsOf = (cells: readonly Cell[]): Cell[][] => {
  const [starts, amid, others] = [[], [], []] as Cell[][]
  for (const cell of cells) (isStart(cell) ? starts : cell.moment === theMiddle ? amid : others)?.push(cell)
  return [
    ...together(starts ?? [], atOnce),
    ...together(others ?? [], Number.POSITIVE_INFINITY),
    ...(amid ?? []).map((cell) => [cell]),
  ]
}

const together = (cells: readonly Cell[], most: number): Cell[][] => {
  const rounds: Cell[][] = []
  for (const cell of cells) {
    const free = rounds.find((round) => round.length < most && round.every(({ job }) => job !== cell.job))
    if (free === undefined) rounds.push([cell])
    else free.push(cell)
  }
  return rounds
}
