import type { AgentFigures } from './agent/measure.ts'
import { reportAgent } from './agent/report.ts'
import type { Aim } from './aims.ts'
import type { Bundle } from './bundles.ts'
import type { Growth } from './growth.ts'
import type { JobFigures } from './jobs/measure.ts'
import { reportJobs } from './jobs/report.ts'
import type { Compared, Operation } from './operations.ts'
import { printTable } from './print.ts'
import type { Timing } from './statistics.ts'
import type { StorageFigures } from './storage/measure.ts'
import { reportStorage } from './storage/report.ts'
import type { Throughput } from './throughput.ts'

type Named<T> = Readonly<Record<string, T>>

export interface Results {
  readonly aims: Named<Aim>
  readonly readyMs: Named<number>
  readonly memoryMb: Named<number>
  readonly aws: Named<Timing>
  readonly operations: Named<Operation>
  readonly notMeasured: readonly string[]
  readonly growth: Named<Growth>
  readonly throughput: Named<Named<Throughput>>
  readonly bundles: Named<Bundle>
  readonly agent: AgentFigures
  readonly jobs: JobFigures
  readonly storage: StorageFigures
}

const rows = <T, Row extends object>(of: Named<T>, row: (value: T) => Row) =>
  Object.entries(of).map(([name, value]) => ({ '': name, ...row(value) }))

const operationRow = ({ driver, handler, http, axios }: Compared) => ({
  'driver p50': driver.p50,
  p95: driver.p95,
  '×http': driver.timesHttp ?? '-',
  '×axios': driver.timesAxios ?? '-',
  'handler p50': handler.p50,
  'p95 ': handler.p95,
  '×http ': handler.timesHttp ?? '-',
  '×axios ': handler.timesAxios ?? '-',
  'bare http': http?.p50 ?? '-',
  axios: axios?.p50 ?? '-',
})

/** All of it as tables. */
export const report = (results: Results): void => {
  const { operations, growth, throughput } = results
  printTable(
    'Ready, ms',
    rows(results.readyMs, (value) => ({ value })),
  )
  printTable(
    'Memory, MB',
    rows(results.memoryMb, (value) => ({ value })),
  )
  printTable(
    'One request to the table here, ms',
    rows(results.aws, ({ p50, p95 }) => ({ p50, p95 })),
  )
  for (const [server, what] of [
    ['keptAlive', 'keeps connections'],
    ['closed', 'closes each connection'],
  ] as const) {
    printTable(
      `Operations, ms, and how often as long as their calls bare; the server ${what}`,
      rows(operations, ({ storpoolCalls, awsCalls, agentCalls, [server]: compared }) => ({
        calls: storpoolCalls.length,
        aws: awsCalls,
        agent: agentCalls,
        ...operationRow(compared),
      })),
    )
  }
  if (results.notMeasured.length > 0) console.log(`not measured: ${results.notMeasured.join(', ')}`)
  printTable(
    'p50 in ms by the number of volumes on the cluster',
    rows(growth, ({ p50, lastOverFirst }) => ({ ...inOrder(p50), 'last/first': lastOverFirst })),
  )
  for (const [kind, byClients] of Object.entries(throughput)) {
    printTable(
      `Requests through the gateway by number of clients: ${kind}`,
      rows(byClients, ({ perSecond, p50, p95 }) => ({ 'per s': perSecond, 'p50 ms': p50, 'p95 ms': p95 })),
    )
  }
  printTable(
    'Bundles, and what a new process takes to load one',
    rows(results.bundles, ({ kB, zipKB, coldCpuMs, coldMs, untrimmed, timesUntrimmedCpu }) => ({
      'KB minified': kB,
      'KB zip': zipKB,
      'CPU ms': coldCpuMs,
      ms: coldMs,
      'KB untrimmed': untrimmed.kB,
      'CPU ms ': untrimmed.coldCpuMs,
      '×': timesUntrimmedCpu,
    })),
  )
  reportAgent(results.agent)
  reportJobs(results.jobs)
  reportStorage(results.storage)
  reportAims(results.aims)
}

export const reportAims = (aims: Named<Aim>): void => {
  printTable(
    'Aims',
    rows(aims, ({ median, worst, of, missedBy, ...limit }) => ({
      wanted: 'atMost' in limit ? `at most ${limit.atMost}` : `at least ${limit.atLeast}`,
      median,
      worst,
      of,
      missed: missedBy.length,
    })),
  )
}

/** Keys that look like numbers would come first in a row. */
const inOrder = (bySize: Named<number>) =>
  Object.fromEntries(Object.entries(bySize).map(([size, ms]) => [`${size} `, ms]))
