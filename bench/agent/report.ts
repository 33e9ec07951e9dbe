import { printTable } from '../print.ts'
import type { AgentFigures } from './measure.ts'

/** What was measured of the agent, as tables. */
export const reportAgent = ({ memory, calls, copies }: AgentFigures): void => {
  const { idle, worked, emptyServer, childHighest } = memory
  printTable(
    'Agent: memory, MB (resident; Node alone: an HTTPS server that does nothing)',
    Object.entries({ idle, worked, 'Node alone': emptyServer }).map(([name, of]) => ({ '': name, ...of })),
  )
  console.log(`the most one of its children had: ${childHighest} MB`)
  printTable(
    'Agent: a call, ms',
    Object.entries(calls.ms).map(([name, ms]) => ({ '': name, p50: ms?.p50 ?? '-', p95: ms?.p95 ?? '-' })),
  )
  for (const reason of calls.notMeasured) console.log(`not measured: ${reason}`)
  printTable(
    'Agent: an image onto a volume, and qemu-img convert alone',
    Object.entries(copies).map(([name, copied]) => ({
      '': name,
      'MB virtual': copied.virtualMb,
      'MB data': copied.dataMb,
      'agent s': copied.agentSeconds,
      ...Object.fromEntries(Object.entries(copied.plainSeconds).map(([way, s]) => [`${way} s`, s])),
      'of plain': copied.ofPlain,
      'MB allocated': copied.allocatedMb,
    })),
  )
}
