import type { Bundle } from './bundles.ts'
import type { Growth } from './growth.ts'
import type { Operation } from './operations.ts'
import { median } from './statistics.ts'

/** What we want of a figure that many things have, and how it is. */
export interface Aim {
  readonly atMost: number
  readonly median: number
  readonly worst: number
  /** Which has the worst. */
  readonly of: string
  /** Those for which it is more. */
  readonly missedBy: readonly string[]
}

const aim = (atMost: number, figures: readonly (readonly [name: string, figure: number])[]): Aim => {
  const [of = '', worst = Number.NaN] = figures.toSorted(([, one], [, other]) => other - one)[0] ?? []
  return {
    atMost,
    median: median(figures.map(([, figure]) => figure)),
    worst,
    of,
    missedBy: figures.filter(([, figure]) => figure > atMost).map(([name]) => name),
  }
}

/** How the figures are beside what we want of them. */
export const aimsOf = (
  operations: Readonly<Record<string, Operation>>,
  bundles: Readonly<Record<string, Bundle>>,
  growth: Readonly<Record<string, Growth>>,
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
    oneCallTimesAxios: aim(1.15, oneCall('keptAlive')),
    oneCallTimesAxiosClosed: aim(1.15, oneCall('closed')),
    kBWithoutAwsClient: aim(220, sizes(false)),
    kBWithAwsClient: aim(750, sizes(true)),
    coldCpuTimesUntrimmed: aim(0.8, cold),
    growthLastOverFirst: aim(
      1.2,
      Object.entries(growth).map(([name, { lastOverFirst }]) => [name, lastOverFirst] as const),
    ),
  }
}
