import { printTable } from '../print.ts'
import type { JobFigures } from './measure.ts'

const named = <T, Row extends object>(of: Readonly<Record<string, T>>, row: (value: T) => Row) =>
  Object.entries(of).map(([name, value]) => ({ '': name, ...row(value) }))

/** What was measured of the long jobs, as tables. */
export const reportJobs = ({ phases, progress, cancel, clones }: JobFigures): void => {
  printTable(
    "Jobs: the agent's phase and the plain tool, s; and what the whole job takes beside",
    named(
      phases,
      ({ dataMb, agentSeconds, plainSeconds, ofPlain, sameSeconds, ofSame, overheadSeconds }) => ({
        'MB data': dataMb,
        'agent s': agentSeconds,
        'plain s': plainSeconds,
        'of plain': ofPlain,
        'plain, flushed and digested s': sameSeconds,
        'of that': ofSame,
        'beside s': overheadSeconds,
      }),
    ),
  )
  printTable(
    'Jobs: progress beside the bytes on the device, the worst of all answers',
    named(progress, ({ asked, percentOff, oldestMs }) => ({
      asked,
      '% off': percentOff,
      'ms old': oldestMs,
    })),
  )
  printTable(
    'Jobs: from a cancel on, s',
    named(cancel, ({ childGone, final, slowest }) => ({ 'child gone': childGone, final, slowest })),
  )
  printTable('Jobs: clones on one cluster, all queued at once', [
    {
      asked: clones.asked,
      lost: clones.lost,
      'queued s': clones.queuedSeconds,
      'all s': clones.seconds,
      'per s': clones.perSecond,
    },
  ])
}
