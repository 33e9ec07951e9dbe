import type { Copied } from './agent/copies.ts'
import type { AgentFigures } from './agent/measure.ts'
import type { Bundle } from './bundles.ts'
import type { Growth } from './growth.ts'
import type { JobFigures } from './jobs/measure.ts'
import type { Operation } from './operations.ts'
import { median, rounded } from './statistics.ts'
import type { StorageFigures } from './storage/measure.ts'

type Limit = { readonly atMost: number } | { readonly atLeast: number }

/** What we want of a figure that one or many things have, and how it is. */
export type Aim = Limit & {
  readonly median: number
  readonly worst: number
  /** Which has the worst. */
  readonly of: string
  /** Those that are beyond it. */
  readonly missedBy: readonly string[]
}

const aim = (limit: Limit, figures: readonly (readonly [name: string, figure: number])[]): Aim => {
  const isMissed = (figure: number) =>
    'atMost' in limit ? !(figure <= limit.atMost) : !(figure >= limit.atLeast)
  const up = figures.toSorted(([, one], [, other]) => one - other)
  const [of = '', worst = Number.NaN] = up.at('atMost' in limit ? -1 : 0) ?? []
  return {
    ...limit,
    median: median(figures.map(([, figure]) => figure)),
    worst,
    of,
    missedBy: figures.filter(([, figure]) => isMissed(figure)).map(([name]) => name),
  }
}

const aimsOfAgent = ({ memory, copies }: AgentFigures) => ({
  agentIdleMb: aim({ atMost: 50 }, [['agent', memory.idle.now]]),
  agentWorkingMb: aim({ atMost: 80 }, [['agent', memory.worked.highest]]),
  agentCopyOfPlain: aim({ atLeast: 0.9 }, [['full', copies.full?.ofPlain ?? Number.NaN]]),
  // By its data, not by its size: that is a thousand times as much.
  sparseAllocatedOverData: aim({ atMost: 1.1 }, [['sparse', allocatedOverData(copies.sparse)]]),
})

export const aimsOfJobs = ({ phases, progress, cancel, clones }: JobFigures) => {
  const each = <T>(of: Readonly<Record<string, T>>, figure: (value: T) => number) =>
    Object.entries(of).map(([name, value]) => [name, figure(value)] as const)
  const perSecond = [['clones', clones.perSecond]] as const
  return {
    jobPhaseOfPlain: aim(
      { atLeast: 0.9 },
      each(phases, ({ ofPlain }) => ofPlain),
    ),
    jobProgressPercentOff: aim(
      { atMost: 2 },
      each(progress, ({ percentOff }) => percentOff),
    ),
    jobProgressMsOld: aim(
      { atMost: 1000 },
      each(progress, ({ oldestMs }) => oldestMs),
    ),
    jobCancelSeconds: aim(
      { atMost: 2 },
      each(cancel, ({ slowest }) => slowest),
    ),
    clonesLost: aim({ atMost: 0 }, [['clones', clones.lost]]),
    clonesPerSecond: aim({ atLeast: 20 }, perSecond),
    clonesPerSecondWished: aim({ atLeast: 50 }, perSecond),
  }
}

export const aimsOfStorage = ({ calls, largeOfSmall, memoryMb }: StorageFigures) => {
  const p50 = (name: string) => [[name, calls[name]?.p50 ?? Number.NaN]] as const
  const perSecond = [['create 8', calls['create 8']?.perSecond ?? Number.NaN]] as const
  return {
    storageCreateMs: aim({ atMost: 10 }, p50('create 1')),
    storageAttachMs: aim({ atMost: 10 }, p50('attach 1')),
    storageGetMs: aim({ atMost: 2 }, p50('get 1')),
    storageCreatesPerSecond: aim({ atLeast: 150 }, perSecond),
    storageCreatesPerSecondWished: aim({ atLeast: 200 }, perSecond),
    storagePageLargeOfSmall: aim({ atMost: 1.3 }, [['page', largeOfSmall]]),
    storageMemoryMb: aim({ atMost: 400 }, [['made', memoryMb.made]]),
    storageMemoryGrowth: aim({ atMost: 1.1 }, [['made again', rounded(memoryMb.madeAgain / memoryMb.made)]]),
  }
}

const allocatedOverData = (copied: Copied | undefined) =>
  copied === undefined ? Number.NaN : rounded(copied.allocatedMb / copied.dataMb)

/** How the figures are beside what we want of them. */
export const aimsOf = (
  operations: Readonly<Record<string, Operation>>,
  bundles: Readonly<Record<string, Bundle>>,
  growth: Readonly<Record<string, Growth>>,
  agent: AgentFigures,
  jobs: JobFigures,
) => {
  const oneCall = (server: 'keptAlive' | 'closed') =>
    Object.entries(operations).flatMap(
      ([
        name,
        {
          storpoolCalls,
          [server]: { driver },
        },
      ]) =>
        storpoolCalls.length === 1 && driver.timesAxios !== null ? [[name, driver.timesAxios] as const] : [],
    )
  const sizes = (awsClient: boolean) =>
    Object.entries(bundles)
      .filter(([, bundle]) => bundle.awsClient === awsClient)
      .map(([name, { kB }]) => [name, kB] as const)
  const cold = Object.entries(bundles).map(
    ([name, { timesUntrimmedCpu }]) => [name, timesUntrimmedCpu] as const,
  )
  return {
    oneCallTimesAxios: aim({ atMost: 1.15 }, oneCall('keptAlive')),
    oneCallTimesAxiosClosed: aim({ atMost: 1.15 }, oneCall('closed')),
    kBWithoutAwsClient: aim({ atMost: 220 }, sizes(false)),
    kBWithAwsClient: aim({ atMost: 750 }, sizes(true)),
    coldCpuTimesUntrimmed: aim({ atMost: 0.8 }, cold),
    growthLastOverFirst: aim(
      { atMost: 1.2 },
      Object.entries(growth).map(([name, { lastOverFirst }]) => [name, lastOverFirst] as const),
    ),
    ...aimsOfAgent(agent),
    ...aimsOfJobs(jobs),
  }
}
