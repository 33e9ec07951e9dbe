import { type Asked, noting } from './asked.ts'
import { cycle, farewell } from './cycle.ts'
import type { Stand } from './stand.ts'
import { rounded, type Timing, timed, timing } from './statistics.ts'
import { bareWays, noted, throughDriver, throughHandler, type Way, wayNames } from './ways.ts'

export interface Measured extends Timing {
  /** How often as long as the same calls of StorPool bare, at p50; null where there are none, or others beside. */
  readonly timesHttp: number | null
  readonly timesAxios: number | null
}

export interface Compared {
  /** The function of `lib/driver`. */
  readonly driver: Measured
  /** The handler of `functions/driver`, invoked directly. */
  readonly handler: Measured
  /** The same calls and nothing else, one after the other; null where there are none. */
  readonly http: Timing | null
  readonly axios: Timing | null
}

export interface Operation {
  readonly storpoolCalls: readonly string[]
  /** Requests to the table and the queue, and to the agent on the host. */
  readonly awsCalls: number
  readonly agentCalls: number
  readonly keptAlive: Compared
  /** By a server that closes each connection after its answer. */
  readonly closed: Compared
}

type Taken = Readonly<Record<Way, number[]>>

const compared = (taken: Taken, { calls, aws, agent }: Asked): Compared => {
  const bare = (sample: readonly number[]) => (calls.length === 0 ? null : timing(sample))
  const [http, axios] = [bare(taken.http), bare(taken.axios)]
  const measured = (sample: readonly number[]): Measured => {
    const mine = timing(sample)
    const times = (alone: Timing | null) =>
      alone === null || aws + agent > 0 ? null : rounded(mine.p50 / alone.p50)
    return { ...mine, timesHttp: times(http), timesAxios: times(axios) }
  }
  return { driver: measured(taken.driver), handler: measured(taken.handler), http, axios }
}

const prepare = async (stand: Stand) => {
  const bare = bareWays(stand)
  const prepared = []
  for (const step of cycle) {
    const handler = await throughHandler(step)
    const asked = await noting(stand, handler(noted))
    const ways = { driver: throughDriver(stand, step), handler, ...bare(asked) }
    prepared.push({ name: step.name, asked, ways })
  }
  await farewell(await stand.backend(), noted)
  return prepared
}

/** Lives one after the other, each in another of the ways; a fifth as many before anything counts. */
const live = async (stand: Stand, prepared: Awaited<ReturnType<typeof prepare>>, lives: number) => {
  const rows = prepared.map((operation) => {
    const taken: Taken = { driver: [], handler: [], http: [], axios: [] }
    return { ...operation, taken }
  })
  for (let n = -Math.ceil(lives / 5); n < lives; n++) {
    for (const way of wayNames) {
      const life = `life-${way}-${n}`
      for (const { ways, taken } of rows) {
        const act = ways[way](life)
        await timed(n < 0 ? [] : taken[way], act)
      }
      await farewell(await stand.backend(), life)
    }
  }
  return new Map(rows.map(({ name, asked, taken }) => [name, compared(taken, asked)] as const))
}

/**
 * Time every operation as a function and as a handler, and its calls of StorPool bare, in turns.
 *
 * @param lives how often each is timed in each way
 */
export const measureOperations = async (
  stand: Stand,
  lives: number,
): Promise<{ aws: Record<'tableRead' | 'tableWrite', Timing>; operations: Record<string, Operation> }> => {
  const prepared = await prepare(stand)
  const keptAlive = await live(stand, prepared, lives)
  await stand.control('POST knobs', { keepAlive: false })
  const closed = await live(stand, prepared, lives)
  await stand.control('POST knobs', { keepAlive: true })
  const operations = Object.fromEntries(
    prepared.flatMap(({ name, asked }) => {
      const [kept, closing] = [keptAlive.get(name), closed.get(name)]
      if (kept === undefined || closing === undefined) return []
      const storpoolCalls = asked.calls.map(({ call }) => call)
      const { aws: awsCalls, agent: agentCalls } = asked
      return [[name, { storpoolCalls, awsCalls, agentCalls, keptAlive: kept, closed: closing }]]
    }),
  )
  return { aws: await tableAlone(stand, lives), operations }
}

/** One read and one write of the table, as the operations that attach make several. */
const tableAlone = async (stand: Stand, times: number) => {
  const { attachments } = await stand.backend()
  const taken: Record<'tableRead' | 'tableWrite', number[]> = { tableRead: [], tableWrite: [] }
  for (let n = 0; n < times; n++) {
    await timed(taken.tableWrite, () => attachments.note('bench', `a.b.${n}`))
    await timed(taken.tableRead, () => attachments.noted('bench'))
  }
  return { tableRead: timing(taken.tableRead), tableWrite: timing(taken.tableWrite) }
}
